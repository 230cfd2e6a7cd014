// What the scripted upstream does with a request, and how a control request says so.

export type Script = {
  /** From the whole request to the first byte of the reply. */
  readonly firstTokenMs: number;
  /** Pace of a stream; 0 writes all tokens at once. */
  readonly tokensPerSecond: number;
  readonly tokens: number;
  /** Writes a plain reply in three pieces, to make Nagle's algorithm visible where it is still on. */
  readonly splitReply: boolean;
};

const FIRST_TOKEN_MS_MAX = 4000;
const TOKENS_MAX = 100_000;

export const DEFAULT_SCRIPT: Script = {
  firstTokenMs: 0,
  tokensPerSecond: 50,
  tokens: 16,
  splitReply: false,
};

/** Reads a control body over the given script; the error is one sentence for the caller. */
export function parseScript(text: string, base: Script): Script | { readonly error: string } {
  const fields = parseObject(text);
  if (fields === undefined) return { error: 'The control body must be a JSON object.' };
  const firstTokenMs = numberField(fields, 'firstTokenMs', base.firstTokenMs, FIRST_TOKEN_MS_MAX);
  const tokensPerSecond = numberField(fields, 'tokensPerSecond', base.tokensPerSecond, 1000);
  const tokens = numberField(fields, 'tokens', base.tokens, TOKENS_MAX);
  if (firstTokenMs === undefined)
    return { error: `firstTokenMs must be between 0 and ${FIRST_TOKEN_MS_MAX}.` };
  if (tokensPerSecond === undefined)
    return { error: 'tokensPerSecond must be between 0 and 1000.' };
  if (tokens === undefined || tokens < 1)
    return { error: `tokens must be between 1 and ${TOKENS_MAX}.` };
  return { firstTokenMs, tokensPerSecond, tokens, splitReply: fields['splitReply'] === true };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>; // just what an object that is no array is
  } catch {
    // Not JSON: the caller answers for it.
  }
  return undefined;
}

function numberField(
  fields: Record<string, unknown>,
  name: string,
  base: number,
  max: number,
): number | undefined {
  const value = fields[name] ?? base;
  return typeof value === 'number' && value >= 0 && value <= max ? value : undefined;
}
