// What does not add up in books whose charges and holds a test has made by hand.

import type pg from 'pg';
import type { Finding } from '../../../ports/reconciliations.ts';
import { auditBooks } from '../audit.ts';

/** Charges and holds of `CreditsUnderTest` have no usage and no leases. */
export async function differences(pool: pg.Pool): Promise<readonly Finding[]> {
  const findings = await auditBooks(pool);
  return findings.filter(({ check }) => !/^I5 every charge|^I8 what is held/.test(check));
}
