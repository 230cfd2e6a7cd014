// An inference server that does what the seed says: answers, stalls, breaks, reports nothing, or reports nonsense. It keeps
// what it truly said, for the oracle.

import type { Ticket } from '../../server/src/domain/admission/ticket.ts';
import type { Part } from '../../server/src/domain/generation/part.ts';
import { textOf } from '../../server/src/domain/generation/content.ts';
import { NO_USAGE, type Usage } from '../../server/src/domain/generation/usage.ts';
import type { Engine, EngineState } from '../../server/src/ports/engine.ts';
import type { Life, World } from './world.ts';

/** Tokens that arrive together, at most. */
export const BATCH_TOKENS_MAX = 200;

/** What the engine said of one request, as far as the gateway took it. */
export type Said = {
  readonly mood: Mood;
  outputTokensMax: number;
  /** The last report that can be true. */
  usage: Usage;
  reported: boolean;
  pieces: number;
  ended: 'finish' | 'failure' | undefined;
};

type Mood = 'well' | 'silent about usage' | 'breaks' | 'nonsense' | 'stalls';

export class EngineModel implements Engine {
  readonly name = 'simulated';
  readonly #world: World;
  readonly #life: Life;
  readonly #said: Map<string, Said>;

  constructor(world: World, life: Life, said: Map<string, Said>) {
    this.#world = world;
    this.#life = life;
    this.#said = said;
  }

  state(): EngineState {
    return { kind: 'ready' };
  }

  async *generate(ticket: Ticket, signal: AbortSignal): AsyncGenerator<readonly Part[], void> {
    const { chance } = this.#world;
    const mood: Mood = chance.pick([
      'well',
      'well',
      'well',
      'well',
      'silent about usage',
      'breaks',
      'nonsense',
      'stalls',
    ]);
    const said: Said = {
      mood,
      outputTokensMax: ticket.outputTokensMax,
      usage: NO_USAGE,
      reported: false,
      pieces: 0,
      ended: undefined,
    };
    this.#said.set(ticket.requestId, said);
    const tokens = chance.happens(0.4)
      ? ticket.outputTokensMax
      : chance.whole(1, Math.min(ticket.outputTokensMax, chance.pick([8, 200, 3_000])));
    const perBatch = chance.whole(1, BATCH_TOKENS_MAX);
    // As many as the template and the text can come to, or a few; in the bucket that costs most, or least.
    const [item] = ticket.generation.items;
    const text = item?.kind === 'message' ? textOf(item.content).length : 0;
    const counted = chance.happens(0.4) ? 256 + text : chance.whole(1, 40);
    const bucket = chance.pick(['input', 'cacheRead', 'cacheWrite1h', 'audioInput']);
    const input = { ...NO_USAGE, [bucket]: counted };
    for (let made = 0; made < tokens;) {
      await this.#world.wait(
        mood === 'stalls' ? chance.whole(100, 1_500) : chance.fraction() * 20,
        this.#life,
      );
      if (signal.aborted) {
        said.ended = 'failure';
        yield [{ kind: 'failure', failure: { kind: 'aborted' } }];
        return;
      }
      if (mood === 'breaks' && chance.happens(0.3)) break;
      made = Math.min(made + perBatch, tokens);
      yield this.#batch(said, mood, { input, made });
    }
    if (mood === 'breaks') {
      said.ended = 'failure';
      yield [{ kind: 'failure', failure: { kind: 'broken', detail: 'the simulation breaks it' } }];
      return;
    }
    said.ended = 'finish';
    yield [{ kind: 'finish', reason: 'stop' }];
  }

  #batch(
    said: Said,
    mood: Mood,
    { input, made }: { readonly input: Usage; readonly made: number },
  ): readonly Part[] {
    const { chance } = this.#world;
    said.pieces += 1;
    const text: Part = { kind: 'text-delta', text: 'word ' };
    if (mood === 'silent about usage') return [text];
    if (mood === 'nonsense' && chance.happens(0.5)) {
      const output = chance.pick([-5, Number.NaN, 0.5, 1e12, Infinity]);
      return [text, { kind: 'usage', usage: { ...input, output }, source: 'engine' }];
    }
    const reasoning = Math.floor(made / 3);
    said.usage = { ...input, output: made - reasoning, reasoning };
    said.reported = true;
    return [text, { kind: 'usage', usage: said.usage, source: 'engine' }];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
