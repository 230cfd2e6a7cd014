// Decides whether an answer to one of the held-out questions is right.

import { isDeepStrictEqual } from 'node:util';

export type Call = { readonly name: string; readonly arguments: unknown };
export type Answer = {
  readonly text: string;
  readonly calls: readonly Call[];
  readonly cut?: boolean; // ended by the token limit
};

export type Judge =
  | { readonly kind: 'exact'; readonly any: readonly string[] }
  | { readonly kind: 'says'; readonly text: string }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'calls'; readonly calls: readonly Call[] }
  | { readonly kind: 'items'; readonly allowed: readonly string[]; readonly count: number };

/** `name` is judged for tool calls only: right name, whatever the arguments. */
export type Verdict = { readonly right: boolean; readonly name?: boolean };

export function judge(wanted: Judge, answer: Answer): Verdict {
  switch (wanted.kind) {
    case 'exact':
      return { right: answer.calls.length === 0 && wanted.any.includes(answer.text.trim()) };
    case 'says':
      return { right: answer.text.toLowerCase().includes(wanted.text.toLowerCase()) };
    case 'json':
      return { right: isDeepStrictEqual(parsed(answer.text), wanted.value) };
    case 'calls':
      return judgeCalls(wanted.calls, answer.calls);
    case 'items':
      return { right: judgeItems(wanted.allowed, wanted.count, answer.text) };
  }
}

function judgeCalls(wanted: readonly Call[], made: readonly Call[]): Verdict {
  const names = (calls: readonly Call[]): string[] => calls.map((call) => call.name);
  const right = isDeepStrictEqual(plain(made), plain(wanted));
  return wanted.length === 0
    ? { right }
    : { right, name: isDeepStrictEqual(names(made), names(wanted)) };
}

function plain(calls: readonly Call[]): unknown {
  return calls.map((call) => ({ name: call.name, arguments: call.arguments }));
}

function judgeItems(allowed: readonly string[], count: number, text: string): boolean {
  const known = new Set(allowed.map((item) => item.toLowerCase()));
  const items = text
    .split(/\n|,|\./)
    .map((item) =>
      item
        .replace(/^[\s\d-]+/, '')
        .trim()
        .toLowerCase(),
    )
    .filter((item) => item !== '');
  return (
    items.length === count &&
    new Set(items).size === count &&
    items.every((item) => known.has(item))
  );
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
