// How likely a token was, in the model's own distribution: before temperature, top-p and the like.

export type ScoredToken = {
  /** Bytes that are no text by themselves are written as `\\xe2\\x80`. */
  readonly token: string;
  readonly bytes: readonly number[];
  /** Natural logarithm of the probability. */
  readonly logprob: number;
};

export type TokenLogprob = ScoredToken & {
  /** The likeliest at this place, likeliest first. */
  readonly top: readonly ScoredToken[];
};

/** In place of minus infinity, which JSON has no number for; OpenAI's convention. */
export const LOGPROB_MIN = -9_999;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function scoredToken(bytes: Uint8Array, logprob: number): ScoredToken {
  return { token: shown(bytes), bytes: [...bytes], logprob: Math.max(logprob, LOGPROB_MIN) };
}

function shown(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  }
}
