// One request as it came in. Its body is read only after the caller is known.

import type { Refusal } from '../domain/refusal.ts';
import type { Result } from '../lib/result.ts';
import type { RequestHeaders } from '../protocols/protocol.ts';

export interface Call {
  readonly requestId: string;
  readonly authorization: string | undefined;
  readonly headers: RequestHeaders;
  /** Reads, bounds and parses the JSON body. Called once. */
  readJson(): Promise<Result<unknown, Refusal>>;
  /** Whether that was so large that each step of the work on it must leave others their turn. Absent means no. */
  isLarge?(): boolean;
}
