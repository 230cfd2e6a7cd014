// One gateway: a disk that outlives it, and the program's lives on it. Each life runs the product's own code from its start
// to its end: what earlier lives left is settled, then requests are served, then everything is given back.

import { everythingBut } from '../../server/src/domain/generation/capabilities.ts';
import { PromptMemory } from '../../server/src/domain/prompt-cache/prompt-memory.ts';
import { DEFAULT_STAGE } from '../../server/src/domain/release/release-stage.ts';
import { BackgroundRuns } from '../../server/src/gateway/background-runs.ts';
import { StoreMemory } from '../../server/src/gateway/memory.ts';
import { MemorySealingKeys } from '../../server/src/store/memory/sealing-keys.ts';
import { MemoryResponseStore } from '../../server/src/store/memory/response-store.ts';
import type { Gateway as RequestGateway } from '../../server/src/gateway/gateway.ts';
import type { Ledger } from '../../server/src/ports/ledger.ts';
import { Heartbeat } from '../../server/src/store/postgres/gateway-epoch.ts';
import type { Gateway } from '../../server/src/store/postgres/ledger-batch.ts';
import { LeasedLedger } from '../../server/src/store/postgres/leases/leased-ledger.ts';
import { settleEarlier } from '../../server/src/store/postgres/leases/settle-earlier.ts';
import type { StoreProblem } from '../../server/src/store/postgres/store-problem.ts';
import { SettlementLog } from '../../server/src/store/settlement-log/settlement-log.ts';
import { type BooksServer, booksOf } from './books-line.ts';
import type { DiskModel } from './disk-model.ts';
import { EngineModel, type Said } from './engine-model.ts';
import type { Office, Terms } from './office.ts';
import { snapshotOf } from './snapshot-of.ts';
import { Life, type World } from './world.ts';

const LOG_DIRECTORY = 'log';

export type Running = {
  readonly life: Life;
  readonly gateway: Gateway;
  readonly ledger: LeasedLedger;
  readonly heartbeat: Heartbeat;
  readonly serving: RequestGateway;
  /** What it has heard so far of what the operator and its customers decided. */
  readonly terms: () => Terms;
  readonly wallMs: () => number;
  requests: number;
};

export type MachineDeps = {
  readonly world: World;
  readonly server: BooksServer;
  readonly office: Office;
  readonly said: Map<string, Said>;
  readonly violations: string[];
  watched(ledger: Ledger): Ledger;
};

export class Machine {
  readonly id: string;
  readonly disk: DiskModel;
  readonly #deps: MachineDeps;
  /** Small, so that a run fills and reuses several. */
  readonly #segmentBytes: number;
  /** Clocks on walls differ a little. */
  readonly #wallAheadMs: number;
  running: Running | undefined;
  /** Is not started again. */
  isRetired = false;
  #starting: Life | undefined;
  #stopping: Promise<void> | undefined;

  constructor(id: string, disk: DiskModel, deps: MachineDeps) {
    this.id = id;
    this.disk = disk;
    this.#deps = deps;
    this.#segmentBytes = deps.world.chance.pick([2_048, 4_096, 16_384]);
    const { isQuiet, chance } = deps.office;
    this.#wallAheadMs = isQuiet ? 0 : chance.whole(-300, 300);
    disk.onPowerCut = () => this.kill(true);
  }

  get isUp(): boolean {
    return this.running !== undefined && this.#stopping === undefined;
  }

  get isDown(): boolean {
    return this.running === undefined && this.#starting === undefined && !this.isRetired;
  }

  /** Resolves when it serves, or has died on the way. */
  async start(): Promise<void> {
    const life = new Life();
    this.#starting = life;
    const { world, server, violations } = this.#deps;
    while (life.alive) {
      try {
        const books = booksOf(server, life);
        const onProblem = (problem: StoreProblem) => this.#problem(life, problem);
        const disk = this.disk.of(life);
        const earlier = { books, gatewayId: this.id, logDirectory: LOG_DIRECTORY, onProblem, disk };
        const gateway = await settleEarlier(earlier);
        if (gateway.ok) return this.#serve(life, gateway.value, onProblem);
        violations.push(`I6 the log can always be read after a crash: ${gateway.error.message}`);
        return;
      } catch (error) {
        world.tell(() => `${this.id} does not start: ${String(error)}`);
        if (life.alive) await world.wait(2_000, life); // For ever, should it be killed meanwhile.
      }
    }
    if (this.#starting === life) this.#starting = undefined;
  }

  kill(powerCut: boolean): void {
    const life = this.running?.life ?? this.#starting;
    this.#deps.world.tell(() => `${this.id} is ${powerCut ? 'without power' : 'killed'}`);
    if (life !== undefined) this.#bury(life);
    if (powerCut) this.disk.cutPower();
  }

  /** As `SIGTERM` does: what runs may end, then everything is settled and given back. */
  stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) return Promise.resolve();
    this.#stopping ??= this.#stop(running).finally(() => {
      if (this.running === running || this.running === undefined) this.#stopping = undefined;
    });
    return this.#stopping;
  }

  /** A synchronous operation of the disk may have killed it. */
  noticeDeath(): void {
    const life = this.running?.life ?? this.#starting;
    if (life?.alive === false) this.#bury(life);
  }

  #bury(life: Life): void {
    life.alive = false;
    this.running = undefined;
    this.#starting = undefined;
    this.#stopping = undefined;
    for (const session of this.#deps.server.sessions) if (session.life === life) session.orphan();
  }

  async #stop(running: Running): Promise<void> {
    const { world } = this.#deps;
    running.serving.load.stopping = true;
    world.tell(() => `${this.id} stops`);
    while (running.requests > 0 && running.life.alive) await world.wait(50, running.life);
    await running.heartbeat[Symbol.asyncDispose]();
    await running.ledger[Symbol.asyncDispose]();
    world.tell(() => `${this.id} has stopped`);
    this.#bury(running.life);
  }

  #serve(life: Life, gateway: Gateway, onProblem: (problem: StoreProblem) => void): void {
    const { world, server, violations } = this.#deps;
    const books = booksOf(server, life);
    const timers = world.timersOf(life);
    const log = SettlementLog.open({
      directory: LOG_DIRECTORY,
      gatewayId: this.id,
      epoch: Number(gateway.epoch),
      segmentBytes: this.#segmentBytes,
      disk: this.disk.of(life),
      timers,
      onBroken: (sentence) => onProblem({ kind: 'log-broken', sentence }),
      onTrouble: () => {},
    });
    const direct = {
      settle: () => {
        violations.push('I5 a request that was held here is settled here');
        return Promise.resolve({ kind: 'unavailable' } as const);
      },
    };
    const ledger = new LeasedLedger({ books, gateway, log, direct, timers, onProblem });
    server.hears(life, (accountId, no) => ledger.recalled(accountId, no));
    const onHeard = (askedMs: number) => ledger.heardAt(askedMs);
    const voidUnknown = () => Promise.resolve();
    const onFenced = () => ledger.fence();
    const heartbeat = new Heartbeat({ books, gateway, onHeard, onFenced, voidUnknown, timers });
    let { terms } = this.#deps.office;
    this.#deps.office.hears(life, (heard) => {
      if (heard.version > terms.version) terms = heard;
    });
    const wallMs = () => world.wallMs + this.#wallAheadMs;
    this.running = {
      life,
      gateway,
      ledger,
      heartbeat,
      terms: () => terms,
      wallMs,
      serving: this.#serving(life, ledger, { terms: () => terms, wallMs }),
      requests: 0,
    };
    this.#starting = undefined;
    world.tell(() => `${this.id} serves as start ${gateway.epoch}`);
  }

  #serving(
    life: Life,
    ledger: Ledger,
    { terms, wallMs }: Pick<Running, 'terms' | 'wallMs'>,
  ): RequestGateway {
    const { world, said } = this.#deps;
    let snapshot = snapshotOf(terms());
    const engine = new EngineModel(world, life, said);
    const model = {
      id: 'model',
      engine,
      engineModel: 'inside',
      contextTokensMax: 8_192,
      outputTokensMax: 4_096,
      capabilities: everythingBut(),
      stage: DEFAULT_STAGE,
      createdAtSeconds: 0,
    };
    const silent = () => {};
    const responses = new MemoryResponseStore(() => world.nowMs);
    return {
      models: new Map([
        ['model', model],
        ['unpriced', { ...model, id: 'unpriced' }],
      ]),
      snapshot: () => {
        if (snapshot.version !== terms().version) snapshot = snapshotOf(terms());
        return snapshot;
      },
      ledger: this.#deps.watched(ledger),
      sealing: new MemorySealingKeys(),
      responses,
      retentionMs: () => 0,
      background: new BackgroundRuns(responses),
      unknownFields: new Map(),
      memory: new StoreMemory(responses, () => 0),
      prompts: new PromptMemory(),
      clock: { nowMs: wallMs, monotonicMs: () => world.nowMs },
      log: {
        isLevelEnabled: () => false,
        debug: silent,
        info: silent,
        warn: silent,
        error: silent,
      },
      load: { generationsRunning: 0, countsRunning: 0, stopping: false },
    };
  }

  #problem(life: Life, { kind, sentence }: StoreProblem): void {
    if (!life.alive) return;
    this.#deps.world.tell(() => `${this.id}: ${kind}: ${sentence}`);
    if (kind === 'record-refused')
      this.#deps.violations.push(`I11 no record is refused: ${sentence}`);
    if (kind === 'fenced' || kind === 'log-broken') {
      this.#deps.world.after(0, life, () => void this.stop());
    }
  }
}
