// What a benchmark token looks like on the wire, known to the upstream that writes it and the generator that reads it.
//
// Every token carries the moment it was written on the machine's monotonic clock, which all processes share. So the
// generator knows how long each single token travelled, however unsteady the pacing of a busy machine is.

/** The model that the scripted upstream serves. */
export const BENCH_MODEL = 'bench-model';

/** A token is a space and a zero-padded stamp, so that coalesced tokens can be counted by their length. */
export const TOKEN_LENGTH = 14;
const STAMP_LENGTH = TOKEN_LENGTH - 1;

/** Microseconds on the machine's monotonic clock: the same line of time in every process. */
export function monotonicUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1000);
}

/** The text of a token written now. */
export function tokenText(nowUs: number): string {
  return ` ${String(nowUs).padStart(STAMP_LENGTH, '0')}`;
}

/** What one event of a stream says, read without parsing its JSON. */
export type Frame = {
  readonly tokens: number;
  /** When the last of these tokens was written upstream; 0 when there is none. */
  readonly stampUs: number;
  readonly done: boolean;
  readonly finished: boolean;
  readonly error: boolean;
};

const CONTENT = /"content": ?"( [ \d]*)"/;

/** Reads one event (the text between blank lines). */
export function readFrame(event: string): Frame {
  if (event.includes('data: [DONE]')) return { ...NO_TOKENS, done: true };
  const content = CONTENT.exec(event)?.[1];
  if (content === undefined) {
    return {
      ...NO_TOKENS,
      finished: /"finish_reason": ?"/.test(event),
      error: /"error": ?\{/.test(event),
    };
  }
  const stampUs = Number(content.slice(-STAMP_LENGTH));
  const finished = event.includes('"finish_reason":"');
  return { tokens: content.length / TOKEN_LENGTH, stampUs, done: false, finished, error: false };
}

const NO_TOKENS: Frame = { tokens: 0, stampUs: 0, done: false, finished: false, error: false };
