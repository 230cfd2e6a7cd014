// Log probabilities as servers send them: some leave out the bytes, and none may cost a customer the answer.

import { LOGPROB_MIN } from '../../domain/generation/logprobs.ts';
import type { ScoredToken, TokenLogprob } from '../../domain/generation/logprobs.ts';
import { isObject, objectOf } from './json.ts';
import type { JsonObject } from './json.ts';

/** `logprobs` of a choice. What can't be read is left out. */
export function readLogprobs(logprobs: unknown): readonly TokenLogprob[] {
  const read = objectOf(logprobs);
  const content = read?.['content'];
  if (!Array.isArray(content)) return read === undefined ? [] : legacyLogprobs(read);
  return content.flatMap((entry) => {
    const token = scored(entry);
    if (token === undefined || !isObject(entry)) return [];
    const top = entry['top_logprobs'];
    const others = Array.isArray(top) ? top.map(scored) : [];
    return [{ ...token, top: others.filter((other) => other !== undefined) }];
  });
}

/** Of legacy completions: lists side by side. */
function legacyLogprobs(read: JsonObject): readonly TokenLogprob[] {
  const { tokens, token_logprobs: logprobs, top_logprobs: tops } = read;
  if (!Array.isArray(tokens) || !Array.isArray(logprobs)) return [];
  return tokens.flatMap((token: unknown, at) => {
    const one = scored({ token, logprob: Number(logprobs[at] ?? Number.NaN) });
    if (one === undefined || Number.isNaN(one.logprob)) return [];
    const top = Array.isArray(tops) ? objectOf(tops[at]) : undefined;
    const likely = Object.entries(top ?? {}).map(([name, logprob]) =>
      scored({ token: name, logprob }),
    );
    const known = likely.filter((other) => other !== undefined);
    return [{ ...one, top: known.toSorted((a, b) => b.logprob - a.logprob) }];
  });
}

function scored(entry: unknown): ScoredToken | undefined {
  if (!isObject(entry)) return undefined;
  const { token, logprob, bytes } = entry;
  if (typeof token !== 'string' || typeof logprob !== 'number') return undefined;
  const given = Array.isArray(bytes) && bytes.every(isByte) ? bytes : [...Buffer.from(token)];
  return { token, bytes: given, logprob: Math.max(logprob, LOGPROB_MIN) };
}

function isByte(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xff;
}
