// How the server is, for its operator.

import { bookInForce } from '../domain/pricing/prices.ts';
import { ok } from '../lib/result.ts';
import type { ControlDeps, Handlers } from './handler.ts';
import { stateOf } from './models.ts';

export function status({ accounts, facts }: ControlDeps): Pick<Handlers, 'getStatus'> {
  return {
    async getStatus() {
      const snapshot = accounts.snapshot();
      const priceVersion = bookInForce(snapshot.prices, facts.nowMs())?.version;
      return ok({
        version: facts.version,
        startedAt: new Date(facts.startedAtMs).toISOString(),
        uptimeMs: wholeMs(facts.nowMs() - facts.startedAtMs),
        generationsRunning: facts.generationsRunning(),
        engines: facts
          .engines()
          .map(({ name, kind, state }) => ({ name, kind, ...stateOf(state) })),
        store: { ...(await facts.store()) },
        snapshot: { version: snapshot.version, ageMs: wholeMs(facts.snapshotAgeMs()) },
        ...(priceVersion === undefined ? {} : { priceVersion }),
      });
    },
  };
}

function wholeMs(ms: number): number {
  return Math.max(0, Math.round(ms));
}
