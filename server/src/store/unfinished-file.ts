// Notes of running requests in a file beside the settlement log. Not flushed: what a process has written survives its end, and
// after a power cut the house does not know what it gave away.

import { readFileSync, rmSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Unfinished } from '../domain/ledger/unfinished.ts';
import { nano } from '../domain/money/nano.ts';
import { SERVICE_TIERS } from '../domain/pricing/service-tier.ts';
import type { UnfinishedNotes } from '../ports/crash-losses.ts';

const unfinished = z.array(
  z.object({
    requestId: z.string().regex(/^req_[0-9a-f]{32}$/),
    organisationId: z.string(),
    keyId: z.string(),
    model: z.string(),
    tier: z.enum(SERVICE_TIERS),
    costNano: z
      .string()
      .regex(/^\d{1,18}$/)
      .transform((digits) => nano(BigInt(digits))),
  }),
);

export class UnfinishedFile implements UnfinishedNotes {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async write(running: readonly Unfinished[]): Promise<void> {
    const lines = running.map(({ costNano, ...rest }) => ({ ...rest, costNano: `${costNano}` }));
    const next = `${this.#path}.next`;
    await writeFile(next, JSON.stringify(lines), { mode: 0o600 });
    await rename(next, this.#path);
  }

  /** One that can't be read says nothing: it is about what was lost anyway. */
  read(): readonly Unfinished[] {
    try {
      const parsed = unfinished.safeParse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return parsed.success ? parsed.data : [];
    } catch {
      return [];
    }
  }

  clear(): void {
    rmSync(this.#path, { force: true });
  }
}
