// What the matrix asks of a client, whichever library it is: one question in, one answer out, in words that all of them
// can be brought to. Each library has a file here that translates to its own words and back.

import type { z } from 'zod';

export type Target = {
  /** Without `/v1`. */
  readonly origin: string;
  readonly key: string;
};

export type ToolSpec = {
  readonly name: string;
  readonly description: string;
  readonly parameters: z.ZodObject;
};

export type Call = {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
};

export type Turn =
  | { readonly role: 'system' | 'assistant'; readonly text: string }
  /** The pictures are PNG files in base64. */
  | { readonly role: 'user'; readonly text: string; readonly pictures?: readonly string[] }
  /** What the library itself gave back, sent in again. */
  | { readonly role: 'answer'; readonly answer: Answer }
  | { readonly role: 'results'; readonly results: readonly Result[] };

export type Result = { readonly call: Call; readonly text: string };

export type Ask = {
  readonly model: string;
  readonly stream: boolean;
  readonly turns: readonly Turn[];
  readonly system?: string;
  readonly tools?: readonly ToolSpec[];
  readonly toolChoice?: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly schema?: z.ZodObject;
  readonly stop?: readonly string[];
  readonly maxTokens?: number;
  readonly reasoning?: boolean;
  /** The server is to keep the answer. */
  readonly keep?: boolean;
  /** Goes on from this answer, which the server has kept. */
  readonly after?: Answer;
  /** How often the library may ask again by itself; 0 where nothing is said. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
  /** Hears of every piece of text of a stream. */
  readonly onText?: () => void;
};

export type Answer = {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  /** The library's own word. */
  readonly finish: string;
  readonly usage: { readonly input: number; readonly output: number };
  /** What the library made of an answer with a schema, where it reads it itself. */
  readonly parsed?: unknown;
  /** What the server keeps it under, where it does. */
  readonly id?: string;
  /** In the library's own form, for the next turn. */
  readonly native: unknown;
};

export type Failure = { readonly status: number | undefined; readonly message: string };

/** Something that a library has no way to ask for or to show. */
export type Inability =
  /** It has no place for what the model thought. */
  | 'reasoning-text'
  /** Its protocol or its settings know no stop sequences. */
  | 'stop'
  /** It leaves `tool_choice` out of the request where that is a word, not a tool. */
  | 'tool-choice-words'
  /** It makes an error of an answer that was cut. */
  | 'cut'
  /** It can't name an answer that the server has kept. */
  | 'stored'
  /** Its errors have no HTTP status: it speaks in frames. */
  | 'status'
  /** It keeps to itself what an error says. */
  | 'error-words'
  /** It does not ask again by itself. */
  | 'retry'
  /** It adds the output tokens of the first event of a stream to the total in the last. */
  | 'streams-usage';

export interface Client {
  readonly name: string;
  readonly protocol: 'chat' | 'responses' | 'messages';
  readonly cannot: readonly Inability[];
  ask(ask: Ask): Promise<Answer>;
  /** What the library's error says of the HTTP answer behind it. */
  failure(error: unknown): Failure;
  /** The library's own tool loop, where it has one: calls are answered by `run` until there is text. */
  loop?(ask: Ask, run: (name: string, input: unknown) => string): Promise<Answer>;
  /** Closes what it keeps open. */
  close?(): Promise<void>;
  embed?(model: string, texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  countTokens?(ask: Ask): Promise<number>;
  models?(): Promise<readonly string[]>;
}

/** The words for why an answer ended, of all protocols and libraries. */
export const FINISHED = {
  stop: ['stop', 'end_turn', 'completed', 'stop_sequence'],
  length: ['length', 'max_tokens', 'max_output_tokens', 'incomplete'],
  tools: ['tool_calls', 'tool-calls', 'tool_use', 'completed'],
} as const;
