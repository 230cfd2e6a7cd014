// Long work over a span of time, in slices that PostgreSQL does in about a second each, for as long as there is time: whoever
// asked hears how far it came, and asks for the rest.

export type Span = { readonly fromMs: number; readonly toMs: number };

/** For one call. */
export const WORK_MS = 15_000;
/** One slice may take no longer. */
export const SLICE_TIMEOUT_MS = 20_000;
const SLICE_FIRST_MS = 3_600_000;
const SLICE_LEAST_MS = 1_000;
const AIM_MS = 1_000;

/** PostgreSQL's code for a statement that took too long. */
const CANCELLED = '57014';

/** Returns up to where it was done. */
export async function inSlices(
  { fromMs, toMs }: Span,
  work: (slice: Span) => Promise<void>,
  untilMs: number = performance.now() + WORK_MS,
): Promise<number> {
  let [atMs, widthMs] = [fromMs, SLICE_FIRST_MS];
  while (atMs < toMs && (atMs === fromMs || performance.now() < untilMs)) {
    const slice = { fromMs: atMs, toMs: Math.min(atMs + widthMs, toMs) };
    const beganMs = performance.now();
    try {
      await work(slice);
      atMs = slice.toMs;
      const tookMs = performance.now() - beganMs;
      if (tookMs < AIM_MS / 2) widthMs *= 4;
      else if (tookMs > AIM_MS * 2) widthMs = Math.max(widthMs / 2, SLICE_LEAST_MS);
    } catch (error) {
      const tookTooLong = error instanceof Error && 'code' in error && error.code === CANCELLED;
      if (!tookTooLong || widthMs <= SLICE_LEAST_MS) throw error;
      widthMs = Math.max(Math.floor(widthMs / 8), SLICE_LEAST_MS);
    }
  }
  return atMs;
}
