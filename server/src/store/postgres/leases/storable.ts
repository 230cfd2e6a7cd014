// What PostgreSQL could not store must not get into the log: it would stand there for ever.

import type { Settlement } from '../../../domain/ledger/settlement.ts';

const INT4_MAX = 2_147_483_647;
const INT8_MAX = 2n ** 63n - 1n;
/** The last moment of a JavaScript date; PostgreSQL's timestamps go further. */
const TIME_MS_MAX = 8.64e15;
const TEXT_CHARACTERS_MAX = 4_096;
// oxlint-disable-next-line no-control-regex -- it is that very character that PostgreSQL refuses
const NUL = /\u0000/;

/** What is wrong with it, as the rest of a sentence. */
export function unstorable(settlement: Settlement): string | undefined {
  const { organisationId, projectId, keyId, model, engine, protocol, endUser = '' } = settlement;
  for (const text of [organisationId, projectId, keyId, model, engine, protocol, endUser]) {
    if (NUL.test(text) || !text.isWellFormed()) return 'a name in it is not valid text';
    if (text.length > TEXT_CHARACTERS_MAX) return 'a name in it is too long';
  }
  const { priceVersion, costNano, startedAtMs } = settlement;
  if (!Number.isInteger(priceVersion) || Math.abs(priceVersion) > INT4_MAX) {
    return 'its price version is not a number that fits';
  }
  if (costNano > INT8_MAX) return 'its cost is more than a balance can be';
  if (!(Math.abs(startedAtMs) <= TIME_MS_MAX)) return 'its time is not a time';
  return undefined;
}
