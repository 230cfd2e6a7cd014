// What the scripted engine does is written in the prompt: `[[tokens=50 rate=100]] [[cut-after=3]]`. This file reads
// the markers and says, piece by piece, what the answer is. Pure; README.md lists the markers.

import type { FinishReason } from '../../domain/generation/part.ts';

export type ScriptedFailure = 400 | 401 | 422 | 429 | 500 | 503 | 'context';

export type Fault =
  | { readonly kind: 'fail'; readonly how: ScriptedFailure; readonly afterTokens: 0 }
  /** The connection breaks, or an error is reported, after that many output tokens. */
  | { readonly kind: 'cut'; readonly afterTokens: number }
  | { readonly kind: 'error'; readonly afterTokens: number };

export type UsageScript = 'right' | 'none' | 'shrinking' | 'negative' | 'huge';

export type ScriptedCall = { readonly name: string; readonly arguments: string };

export type Script = {
  readonly delayMs: number;
  /** 0: at once. */
  readonly tokensPerSecond: number;
  readonly tokens: number;
  readonly reasoningTokens: number;
  readonly echo: boolean;
  /** The answer is all that the engine was given. */
  readonly recall: boolean;
  /** Called side by side, in this order. */
  readonly tools: readonly ScriptedCall[];
  readonly finish?: FinishReason;
  readonly stopSequence?: string;
  readonly usage: UsageScript;
  readonly fault?: Fault;
  /** The fault happens this often for `id`, then relents. */
  readonly times?: number;
  readonly id: string;
  /** The prompt without its markers. */
  readonly text: string;
};

/** One token of the answer. */
export type Piece =
  | { readonly kind: 'reasoning' | 'text'; readonly text: string }
  /** `index` is the call's place among those of the answer. */
  | { readonly kind: 'call-start'; readonly index: number; readonly name: string }
  | {
      readonly kind: 'call-arguments';
      readonly index: number;
      readonly name: string;
      readonly text: string;
    };

const TOKENS_DEFAULT = 8;
const TOKENS_MAX = 1_000_000;
const DELAY_MAX_MS = 600_000;
const RATE_MAX = 1_000_000;
const ARGUMENT_CHARS_PER_TOKEN = 8;
const WORDS = ['The ', 'toll ', 'is ', 'paid ', 'and ', 'the ', 'gate ', 'turns. '];
const FAILURES: readonly ScriptedFailure[] = [400, 401, 422, 429, 500, 503, 'context'];
const FINISHES: readonly FinishReason[] = ['stop', 'length', 'tool-calls', 'content-filter'];
const WRONG_USAGES: readonly UsageScript[] = ['shrinking', 'negative', 'huge'];

/** Between the script of one answer and that of the next, in one message. */
export const THEN = '[[then]]';

/** What the message says of the answer that follows so many others; the last script goes on. */
export function turnOf(prompt: string, answers: number): string {
  const scripts = prompt.split(THEN);
  return scripts[Math.min(answers, scripts.length - 1)] ?? '';
}

export function readScript(prompt: string): Script {
  const { settings, tools, text } = readMarkers(prompt);
  const number = (name: string, most: number, absent: number): number => {
    const value = Number(settings.get(name) ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? Math.min(value, most) : absent;
  };
  const finish = FINISHES.find((reason) => reason === settings.get('finish'));
  const wrong = WRONG_USAGES.find((kind) => kind === settings.get('wrong-usage'));
  const fault = readFault(settings);
  return {
    delayMs: number('delay', DELAY_MAX_MS, 0),
    tokensPerSecond: number('rate', RATE_MAX, 0),
    tokens: Math.floor(number('tokens', TOKENS_MAX, TOKENS_DEFAULT)),
    reasoningTokens: Math.floor(number('reasoning', TOKENS_MAX, 0)),
    echo: settings.has('echo'),
    recall: settings.has('recall'),
    tools,
    ...(finish && { finish }),
    ...(settings.has('stopped-by') && { stopSequence: settings.get('stopped-by') ?? '' }),
    usage: settings.has('no-usage') ? 'none' : (wrong ?? 'right'),
    ...(fault && { fault }),
    ...(settings.has('times') && { times: number('times', TOKENS_MAX, 1) }),
    id: settings.get('id') ?? '',
    text,
  };
}

function readFault(settings: ReadonlyMap<string, string>): Fault | undefined {
  const how = FAILURES.find((failure) => String(failure) === settings.get('fail'));
  if (how !== undefined) return { kind: 'fail', how, afterTokens: 0 };
  for (const kind of ['cut', 'error'] as const) {
    const after = Number(settings.get(`${kind}-after`) ?? Number.NaN);
    if (after >= 0) return { kind, afterTokens: after };
  }
  return undefined;
}

type Markers = {
  readonly settings: Map<string, string>;
  readonly tools: readonly ScriptedCall[];
  readonly text: string;
};

function readMarkers(prompt: string): Markers {
  const settings = new Map<string, string>();
  const tools: ScriptedCall[] = [];
  let text = '';
  let at = 0;
  for (;;) {
    const open = prompt.indexOf('[[', at);
    if (open < 0) break;
    const call = prompt.startsWith('[[tool=', open) ? readToolMarker(prompt, open) : undefined;
    const close = call?.close ?? prompt.indexOf(']]', open);
    if (close < 0) break;
    text += prompt.slice(at, open);
    at = close + 2;
    if (call) tools.push(call.tool);
    else {
      for (const setting of prompt.slice(open + 2, close).split(/\s+/)) {
        const [name = '', value = ''] = setting.split('=', 2);
        settings.set(name, value);
      }
    }
  }
  return { settings, tools, text: (text + prompt.slice(at)).trim() };
}

/** `[[tool=name:{json}]]`; the JSON may hold `]]` itself, so the marker ends where it parses. */
function readToolMarker(
  prompt: string,
  open: number,
): { tool: ScriptedCall; close: number } | undefined {
  const colon = prompt.indexOf(':', open);
  if (colon < 0) return undefined;
  const name = prompt.slice(open + '[[tool='.length, colon);
  for (
    let close = prompt.indexOf(']]', colon);
    close >= 0;
    close = prompt.indexOf(']]', close + 1)
  ) {
    const json = prompt.slice(colon + 1, close);
    if (isJson(json)) return { tool: { name, arguments: json }, close };
  }
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The script of an answer to what its own tool calls came to: text, not the same calls again. With `echo` the text is
 * that of the results.
 */
export function afterResults(script: Script, results: readonly string[]): Script {
  if (script.tools.length === 0 || results.length === 0) return script;
  return { ...script, tools: [], ...(script.echo && { text: results.join(' ') }) };
}

/** The answer, one token a piece: reasoning, then tool calls or text. */
export function* pieces(script: Script): Generator<Piece, void> {
  for (let i = 0; i < script.reasoningTokens; i += 1) yield { kind: 'reasoning', text: 'hm ' };
  for (const [index, { name, arguments: whole }] of script.tools.entries()) {
    yield { kind: 'call-start', index, name };
    for (let at = 0; at < whole.length; at += ARGUMENT_CHARS_PER_TOKEN) {
      const text = whole.slice(at, at + ARGUMENT_CHARS_PER_TOKEN);
      yield { kind: 'call-arguments', index, name, text };
    }
  }
  if (script.tools.length > 0) return;
  const words = script.echo ? (script.text.match(/\S+\s*|\s+/g) ?? []) : WORDS;
  const length = script.echo ? words.length : script.tokens;
  for (let i = 0; i < length; i += 1) yield { kind: 'text', text: words[i % words.length] ?? '' };
}

/** Why the answer ends, once all of it was said (`complete`) or the limit of tokens was reached. */
export function finishOf(script: Script, complete: boolean): FinishReason {
  if (!complete) return 'length';
  return script.finish ?? (script.tools.length > 0 ? 'tool-calls' : 'stop');
}

/** Input tokens as this engine counts them: words, and never none. */
export function countWords(text: string): number {
  return Math.max(1, wordsBegun(text, 0, text.length));
}

/** How many words begin from here to there. */
export function wordsBegun(text: string, from: number, to: number): number {
  let words = 0;
  let inWord = from > 0 && !isSpace(text.charCodeAt(from - 1));
  // By hand: a list of all words of 30 MB takes seconds to make, and the server's whole thread waits for it.
  for (let at = from; at < to; at += 1) {
    const isOfWord = !isSpace(text.charCodeAt(at));
    if (isOfWord && !inWord) words += 1;
    inWord = isOfWord;
  }
  return words;
}

function isSpace(code: number): boolean {
  return code <= 0x20 ? code === 0x20 || (code >= 9 && code <= 13) : isWideSpace(code);
}

/** What else `\s` of a regular expression stands for. */
function isWideSpace(code: number): boolean {
  if (code < 0xa0) return false;
  return code === 0xa0 || (code >= 0x1680 && WIDE_SPACE.test(String.fromCharCode(code)));
}

const WIDE_SPACE = /\s/;

const IDS_MAX = 10_000;

/** Remembers how often each id's fault happened, so that `times=2` relents at the third attempt. */
export class FaultMemory {
  readonly #happened = new Map<string, number>();

  /** The fault of this attempt, if it still happens. */
  next(script: Script): Fault | undefined {
    if (!script.fault || script.times === undefined) return script.fault;
    const happened = this.#happened.get(script.id) ?? 0;
    if (happened >= script.times) return undefined;
    if (this.#happened.size >= IDS_MAX) this.#happened.clear();
    this.#happened.set(script.id, happened + 1);
    return script.fault;
  }
}
