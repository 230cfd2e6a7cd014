// A gateway for tests: the books in memory, a scripted engine, and clients that are objects. Nothing here is a socket, a
// process or a clock of its own, so that a whole request takes less than a millisecond.

import assert from 'node:assert/strict';
import { formatKey, hashKey, KEY_RANDOM_BYTES } from '../domain/accounts/key.ts';
import type { Ticket } from '../domain/admission/ticket.ts';
import { everythingBut } from '../domain/generation/capabilities.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Hold } from '../domain/ledger/hold.ts';
import type { Settlement } from '../domain/ledger/settlement.ts';
import { nano, type Nano } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import { wholePrice } from '../domain/pricing/whole-price.ts';
import { PromptMemory } from '../domain/prompt-cache/prompt-memory.ts';
import { DEFAULT_STAGE } from '../domain/release/release-stage.ts';
import { ScriptedEngine } from '../engines/scripted/scripted-engine.ts';
import { newId, newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { systemClock } from '../ports/clock.ts';
import type { Engine, EngineState } from '../ports/engine.ts';
import type {
  ExtendOutcome,
  HoldOutcome,
  HoldRequest,
  Ledger,
  SettleOutcome,
} from '../ports/ledger.ts';
import type { LogFacts } from '../ports/log.ts';
import type { Protocol } from '../protocols/protocol.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { MemoryAccounts } from '../store/memory/accounts.ts';
import { MemoryLedger } from '../store/memory/ledger.ts';
import { MemoryResponseStore } from '../store/memory/response-store.ts';
import { MemorySealingKeys } from '../store/memory/sealing-keys.ts';
import { BackgroundRuns } from './background-runs.ts';
import type { Gateway, ServedModel } from './gateway.ts';
import { StoreMemory } from './memory.ts';
import { serve } from './serve.ts';
import type { Headers, Sink } from './sink.ts';
import { SERVER_STOPPING } from './stopping.ts';

/** No two buckets cost the same, and no product is round: a token in the wrong bucket shows. */
export const PRICE: ModelPrice = {
  input: nano(1_234_567_000n),
  cacheRead: nano(300_000_001n),
  cacheWrite5m: nano(1_500_000_003n),
  cacheWrite1h: nano(2_000_000_007n),
  imageInput: nano(1_333_333_337n),
  audioInput: nano(1_444_444_449n),
  output: nano(7_654_321_000n),
  reasoning: nano(7_111_111_111n),
  imageOutput: nano(7_222_222_223n),
  audioOutput: nano(7_333_333_331n),
  toolCalls: nano(10_000_000_000_000n),
  request: nano(0n),
};
const RETENTION_MS = 3_600_000;
export const OUTPUT_TOKENS_MAX = 4_096;
export const PLENTY = nano(5_000_000_000n);

type Choice = {
  readonly index: number;
  readonly delta: { readonly role?: string; readonly content?: string };
  readonly message: { readonly content: string };
  readonly finish_reason: string | null;
};

/** What the tests read of an answer, an error or an event. */
type Wire = {
  readonly choices?: readonly Choice[];
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
  readonly usage: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
    readonly completion_tokens_details: { readonly reasoning_tokens: number };
  };
};

/** A client in memory. It also holds the gateway to the order in which a Sink may be used. */
export class MemorySink implements Sink {
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  readonly #onWrite: (sink: MemorySink) => Promise<void> | undefined;
  #streamHeaders: () => Headers = () => ({});
  status = 0;
  headers: Headers = {};
  text = '';
  writes = 0;
  state: 'untouched' | 'begun' | 'open' | 'answered' | 'ended' | 'destroyed' = 'untouched';

  constructor(onWrite: (sink: MemorySink) => Promise<void> | undefined = () => undefined) {
    this.#onWrite = onWrite;
  }

  leave(): void {
    this.#abort.abort(Symbol('client left'));
  }

  cutByServer(): void {
    this.#abort.abort(SERVER_STOPPING);
  }

  answer(status: number, headers: Headers, body: string): void {
    assert.ok(
      this.state === 'untouched' || this.state === 'begun',
      'once, and not after the first bytes',
    );
    Object.assign(this, { status, headers, text: body, state: 'answered' });
  }

  begin(headers: () => Headers): void {
    assert.equal(this.state, 'untouched');
    this.#streamHeaders = headers;
    this.state = 'begun';
  }

  get opened(): boolean {
    return this.state === 'open';
  }

  write(text: string): Promise<void> | undefined {
    this.#open();
    this.text += text;
    this.writes++;
    return this.#onWrite(this);
  }

  #open(): void {
    assert.ok(this.state === 'begun' || this.state === 'open', this.state);
    if (this.state === 'begun') this.headers = this.#streamHeaders();
    Object.assign(this, { status: 200, state: 'open' });
  }

  end(text: string): void {
    this.#open();
    this.text += text;
    this.state = 'ended';
  }

  destroy(): void {
    this.state = 'destroyed';
  }

  /** The JSON of a whole answer or a refusal. */
  get json(): Wire {
    return JSON.parse(this.text) as Wire; // what is not there reads as undefined, and fails its test
  }

  /** The JSON of each event of a stream, without its `[DONE]`. */
  get events(): readonly Wire[] {
    const events = this.text.split('\n\n').filter((event) => event.startsWith('data: {'));
    return events.map((event) => JSON.parse(event.slice('data: '.length)) as Wire); // as above
  }

  /** Of a whole answer. */
  get choice(): Choice {
    const choice = this.json.choices?.[0];
    assert.ok(choice !== undefined, `no choice in ${this.text}`);
    return choice;
  }

  get lastEvent(): Wire {
    const last = this.events.at(-1);
    assert.ok(last !== undefined, 'there is no event');
    return last;
  }

  get isDone(): boolean {
    return this.state === 'ended' && this.text.endsWith('data: [DONE]\n\n');
  }

  /** How many pieces of text a streaming client has read. */
  get pieces(): number {
    return this.events.filter(({ choices }) => (choices?.[0]?.delta.content ?? '') !== '').length;
  }
}

/** The books in memory, with a record of what was asked of them; each of their doors can be shut. */
export class WatchedLedger implements Ledger {
  readonly #inner: MemoryLedger;
  readonly holds: HoldRequest[] = [];
  readonly extensions: Nano[] = [];
  readonly settlements: { readonly settlement: Settlement; readonly hold: Hold }[] = [];
  readonly shut = new Set<'hold' | 'extend' | 'settle'>();
  /** Called when a settle begins, before it is recorded. */
  onSettle: () => void = () => undefined;
  /** Called and waited for when a grant is to be extended. */
  onExtend: () => Promise<void> | undefined = () => undefined;

  constructor(accounts: MemoryAccounts) {
    this.#inner = new MemoryLedger(accounts);
  }

  async hold(request: HoldRequest): Promise<HoldOutcome> {
    if (this.shut.has('hold')) return { kind: 'unavailable' };
    this.holds.push(request);
    return await this.#inner.hold(request);
  }

  async extend(hold: Hold, extraNano: Nano): Promise<ExtendOutcome> {
    if (this.shut.has('extend')) return { kind: 'unavailable' };
    await this.onExtend();
    this.extensions.push(extraNano);
    return await this.#inner.extend(hold, extraNano);
  }

  async settle(hold: Hold, settlement: Settlement): Promise<SettleOutcome> {
    this.onSettle();
    if (this.shut.has('settle')) return { kind: 'unavailable' };
    this.settlements.push({ hold, settlement });
    return await this.#inner.settle(hold, settlement);
  }

  /** The only one there is. */
  get settled(): Settlement {
    assert.equal(this.settlements.length, 1, 'a request is settled exactly once');
    const [first] = this.settlements;
    assert.ok(first !== undefined);
    return first.settlement;
  }
}

/** Says what it was given, batch by batch, whatever the port's contract asks for; throws at the end if told so. */
export class RecitingEngine implements Engine {
  readonly name = 'reciting';
  readonly #batches: Iterable<readonly Part[]>;
  readonly #mistake: Error | undefined;
  ticket: Ticket | undefined;
  batchesGiven = 0;

  constructor(batches: Iterable<readonly Part[]>, mistake?: Error) {
    this.#batches = batches;
    this.#mistake = mistake;
  }

  state(): EngineState {
    return { kind: 'ready' };
  }

  async *generate(ticket: Ticket): AsyncGenerator<readonly Part[], void> {
    this.ticket = ticket;
    for (const batch of this.#batches) {
      this.batchesGiven++;
      yield batch;
    }
    if (this.#mistake !== undefined) throw this.#mistake;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

export type Asked = {
  readonly sink?: MemorySink;
  readonly authorization?: string | undefined;
  readonly requestId?: string;
  /** Chat Completions unless told. */
  readonly protocol?: Protocol;
};

/** One customer with one key in front of one gateway. */
export class Turnstile {
  readonly accounts = new MemoryAccounts(Date.now);
  readonly ledger = new WatchedLedger(this.accounts);
  readonly responses = new MemoryResponseStore(Date.now);
  readonly scripted = new ScriptedEngine();
  readonly key: string;
  readonly keyId = newId('key');
  readonly organisationId = newId('org');
  readonly models = new Map<string, ServedModel>();
  readonly warnings: string[] = [];
  /** What the log says when all is well. */
  readonly told: { readonly message: string; readonly facts: LogFacts }[] = [];
  gateway: Gateway;
  bodiesRead = 0;

  private constructor(key: string) {
    this.key = key;
    this.gateway = {
      models: this.models,
      snapshot: () => this.accounts.snapshot(),
      ledger: this.ledger,
      memory: new StoreMemory(this.responses, () => RETENTION_MS),
      sealing: new MemorySealingKeys(),
      responses: this.responses,
      retentionMs: () => RETENTION_MS,
      background: new BackgroundRuns(this.responses),
      prompts: new PromptMemory(),
      clock: systemClock,
      log: {
        isLevelEnabled: () => true,
        debug: () => undefined,
        info: (facts, message) => void this.told.push({ message, facts }),
        warn: (_facts, message) => void this.warnings.push(message),
        error: (_facts, message) => void this.warnings.push(message),
      },
      unknownFields: new Map(),
      load: { generationsRunning: 0, countsRunning: 0, stopping: false },
    };
  }

  /** `priced` and `unpriced` run on the scripted engine, `free` too, and `given` on the engine that is given. */
  static async with(creditNano: Nano, given?: Engine): Promise<Turnstile> {
    const seed = Uint8Array.from({ length: KEY_RANDOM_BYTES }, (_, index) => index * 3);
    const turnstile = new Turnstile(formatKey(seed));
    const { accounts, organisationId, key, scripted } = turnstile;
    await accounts.createOrganisation({ id: organisationId, name: 'Test' });
    await accounts.createProject({ id: 'prj_1', organisationId, name: 'Default' });
    const named = { id: turnstile.keyId, projectId: 'prj_1', name: 'test' };
    await accounts.createKey({ ...named, hash: hashKey(key), redacted: 'sk-tp-…' });
    const credits = { id: 'topup_1', organisationId, source: 'manual' } as const;
    if (creditNano > 0n) await accounts.addCredits({ ...credits, amountNano: creditNano });
    const free = wholePrice({ input: nano(0n), output: nano(0n) });
    await accounts.publishPrices(new Map(Object.entries({ priced: PRICE, given: PRICE, free })));
    for (const id of ['priced', 'unpriced', 'free']) turnstile.serves(id, scripted);
    if (given !== undefined) turnstile.serves('given', given);
    return turnstile;
  }

  serves(id: string, engine: Engine, capabilities = everythingBut()): void {
    this.models.set(id, {
      id,
      engine,
      engineModel: `${id}-inside`,
      contextTokensMax: 8_192,
      outputTokensMax: OUTPUT_TOKENS_MAX,
      capabilities,
      stage: DEFAULT_STAGE,
      createdAtSeconds: 0,
    });
  }

  async ask(body: object, asked: Asked = {}): Promise<MemorySink> {
    const sink = asked.sink ?? new MemorySink();
    const authorization = 'authorization' in asked ? asked.authorization : `Bearer ${this.key}`;
    const requestId = asked.requestId ?? newRequestId(Date.now());
    const readJson = async () => {
      this.bodiesRead++;
      return ok(body);
    };
    await serve(
      this.gateway,
      asked.protocol ?? openaiChat,
      { requestId, authorization, headers: {}, readJson },
      sink,
    );
    return sink;
  }

  whole(content: string, more: object = {}, asked: Asked = {}): Promise<MemorySink> {
    const messages = [{ role: 'user', content }];
    return this.ask({ model: 'priced', messages, ...more }, asked);
  }

  stream(content: string, more: object = {}, asked: Asked = {}): Promise<MemorySink> {
    return this.whole(content, { stream: true, ...more }, asked);
  }

  get balanceNano(): bigint {
    return this.accounts.balanceNow(this.organisationId)?.balanceNano ?? -1n;
  }

  /** What must be true whenever no request is running, however the last one ended. */
  assertAtRest(): void {
    const balance = this.accounts.balanceNow(this.organisationId);
    assert.equal(balance?.heldNano, 0n, 'no hold is left');
    assert.ok(balance.balanceNano >= 0n, 'a balance is never negative');
    assert.equal(this.gateway.load.generationsRunning, 0, 'nothing is running');
    assert.equal(this.scripted.counts().live, 0, 'no engine is working');
  }

  assertUntouched(creditNano: bigint): void {
    this.assertAtRest();
    assert.equal(this.balanceNano, creditNano, 'nothing was charged');
    assert.deepEqual(this.scripted.counts(), { live: 0, finished: 0, aborted: 0, failed: 0 });
    assert.equal(this.ledger.settlements.length, 0, 'there is no usage row');
  }
}

/** Credit for the input of a request, as the gateway bounds it, and for so many tokens of output. */
export async function creditFor(
  content: string,
  outputNano: (price: ModelPrice) => bigint,
): Promise<Nano> {
  const rich = await Turnstile.with(PLENTY);
  await rich.whole(content, { max_tokens: 1 });
  const [hold] = rich.ledger.holds;
  assert.ok(hold !== undefined);
  const dearestToken = PRICE.output;
  const oneToken = (dearestToken + 999_999n) / 1_000_000n;
  return nano(hold.wantNano - oneToken + outputNano(PRICE));
}
