// A client and the wire between: it asks, reads until the end or leaves, and remembers what it was told. The protocol is as
// plain as it can be; what the real ones write is none of the money's business.

import type { Refusal } from '../../server/src/domain/refusal.ts';
import { ok } from '../../server/src/lib/result.ts';
import type { ServiceTier } from '../../server/src/domain/pricing/service-tier.ts';
import type { Headers, Sink } from '../../server/src/gateway/sink.ts';
import type { Protocol } from '../../server/src/protocols/protocol.ts';
import type { Life, World } from './world.ts';

const DONE = '[the end]';

export type Order = {
  readonly model: string;
  readonly delivery: 'whole' | 'stream';
  readonly outputTokensMax: number;
  readonly text: string;
  readonly tier: ServiceTier | undefined;
  readonly endUser: string | undefined;
};

export const plainProtocol: Protocol = {
  name: 'plain',
  route: { method: 'POST', path: '/plain' },
  decode(body) {
    const { model, delivery, outputTokensMax, text, tier, endUser } = body as Order; // made by this simulation
    return ok({
      model,
      ...(tier !== undefined && { tier }),
      ...(endUser !== undefined && { endUser }),
      generation: {
        items: [{ kind: 'message', role: 'user', content: [{ kind: 'text', text }] }],
        tools: [],
        toolChoice: { kind: 'auto' },
        parallelToolCalls: false,
        sampling: { stop: [] },
        output: { kind: 'text' },
        outputTokensMax,
        delivery,
      },
      encoder: () => ({
        contentType: 'text/plain',
        parts: (parts) => (delivery === 'stream' ? '.'.repeat(parts.length) : ''),
        finish: () => DONE,
        fail: (refusal) => `[${refusal.kind}]`,
        heartbeat: '',
      }),
    });
  },
  refusal: (refusal) => ({ status: 400, headers: {}, body: JSON.stringify(shown(refusal)) }),
  headers: () => ({}),
  fields: { names: {}, inTool: {}, conversation: 'text' },
};

function shown(refusal: Refusal): object {
  return refusal.kind === 'insufficient-credit' || refusal.kind === 'spend-limit-reached'
    ? { kind: refusal.kind, available: `${refusal.availableNano}`, needed: `${refusal.neededNano}` }
    : { kind: refusal.kind };
}

/** What one client saw. */
export type Seen =
  | {
      readonly kind: 'answered';
      readonly costText: string | undefined;
      readonly priceText: string | undefined;
    }
  | { readonly kind: 'refused'; readonly body: string }
  | { readonly kind: 'broken' }
  | { readonly kind: 'waiting' };

export class ClientModel implements Sink {
  readonly #abort = new AbortController();
  readonly signal = this.#abort.signal;
  readonly #life: Life;
  readonly #world: World;
  readonly #onEnd: () => void;
  opened = false;
  seen: Seen = { kind: 'waiting' };
  left = false;

  constructor(world: World, life: Life, onEnd: () => void) {
    this.#world = world;
    this.#life = life;
    this.#onEnd = onEnd;
  }

  leave(): void {
    this.left = true;
    this.#abort.abort(new Error('the client left'));
  }

  answer(status: number, headers: Headers, body: string): void {
    const { 'turnpike-cost-usd': costText, 'turnpike-price-version': priceText } = headers;
    if (status === 200) this.#end({ kind: 'answered', costText, priceText });
    else this.#end({ kind: 'refused', body });
  }

  begin(): void {}

  write(): Promise<void> | undefined {
    this.opened = true;
    return this.#world.chance.happens(0.05)
      ? this.#world.wait(this.#world.chance.whole(1, 200), this.#life)
      : undefined;
  }

  end(text: string): void {
    const whole = { kind: 'answered', costText: undefined, priceText: undefined } as const;
    this.#end(text === DONE ? whole : { kind: 'broken' });
  }

  destroy(): void {
    this.#end({ kind: 'broken' });
  }

  #end(seen: Seen): void {
    if (!this.#life.alive || this.seen.kind !== 'waiting') return;
    this.seen = seen;
    if (!this.left) this.#onEnd();
  }
}
