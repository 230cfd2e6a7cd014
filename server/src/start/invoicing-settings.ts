// What the environment says about invoices that are made by themselves.

import type { InvoicingMode } from '../domain/billing/month.ts';
import { err, ok, type Result } from '../lib/result.ts';
import { INVOICING_GRACE_HOURS } from '../limits.ts';

export type InvoicingSettings = {
  readonly mode: 'off' | InvoicingMode;
  /** How long after its end a month is billed. */
  readonly graceMs: number;
};

type Environment = { readonly [name: string]: string | undefined };

const MODES = ['off', 'draft', 'final'] as const;
const HOUR_MS = 3_600_000;
/** Ten days: later than that the next month is half over. */
const GRACE_HOURS_MAX = 240;

export function readInvoicingSettings(environment: Environment): Result<InvoicingSettings, string> {
  const text = environment['TURNPIKE_INVOICES'] ?? 'off';
  const mode = MODES.find((one) => one === text);
  if (mode === undefined)
    return err(`TURNPIKE_INVOICES must be off, draft or final, not '${text}'.`);
  const hours = environment['TURNPIKE_INVOICES_AFTER_HOURS'] ?? `${INVOICING_GRACE_HOURS}`;
  const grace = /^\d{1,3}$/.test(hours) ? Number(hours) : 0;
  if (grace < 1 || grace > GRACE_HOURS_MAX)
    return err(
      `TURNPIKE_INVOICES_AFTER_HOURS must be a whole number from 1 to ${GRACE_HOURS_MAX}, not '${hours}'.`,
    );
  return ok({ mode, graceMs: grace * HOUR_MS });
}
