// The hub: what any protocol asks for and any engine understands. Protocols decode to a Generation,
// engines read one; neither knows the other. Modelled on the Responses protocol, the richest of the three.

import { textOf, type Content } from './content.ts';

export type Role = 'system' | 'developer' | 'user' | 'assistant';

/** What a client that keeps conversations calls an item; engines don't need it. */
export type Identified = { readonly id?: string };

export type Message = Identified & {
  readonly kind: 'message';
  readonly role: Role;
  readonly content: Content;
  /** Of an assistant's message: said while it was still working, or the answer itself. */
  readonly phase?: 'commentary' | 'final_answer';
};

/** The model's own request to run a tool; `arguments` is JSON as the model wrote it, unparsed. */
export type ToolCall = Identified & {
  readonly kind: 'tool-call';
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
};

/** The model's own request to run a custom tool; `input` is free text. */
export type CustomToolCall = Identified & {
  readonly kind: 'custom-tool-call';
  readonly callId: string;
  readonly name: string;
  readonly input: string;
};

/** Of a function or of a custom tool. */
export type ToolResult = Identified & {
  readonly kind: 'tool-result';
  readonly callId: string;
  readonly content: Content;
  /** The tool failed, and the content says how. */
  readonly isError?: boolean;
};

/** What the model thought before it spoke, replayed by clients that keep it. */
export type ReasoningItem = Identified & {
  readonly kind: 'reasoning';
  /** Empty where only a summary or something sealed was sent. */
  readonly text: string;
  readonly summary?: readonly string[];
  readonly sealed?: Sealed;
};

/**
 * What the maker of the reasoning closed and only it can open: Anthropic's signature over the text, its redacted
 * thinking, or OpenAI's encrypted content. Opaque here; whoever replays the item gets it back unchanged.
 */
export type Sealed = {
  readonly form: 'signature' | 'redacted' | 'encrypted';
  readonly data: string;
};

export type Item = Message | ToolCall | CustomToolCall | ToolResult | ReasoningItem;

export type JsonSchema = { readonly [keyword: string]: unknown };

export type FunctionTool = {
  /** Absent means the same: most tools are functions. */
  readonly kind?: 'function';
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonSchema;
  readonly strict: boolean;
};

/** Takes text instead of JSON; with a grammar, an engine that can holds the model to it, and any other is told of it. */
export type CustomTool = {
  readonly kind: 'custom';
  readonly name: string;
  readonly description?: string;
  readonly format: CustomFormat;
};

export type CustomFormat =
  | { readonly kind: 'text' }
  | {
      readonly kind: 'grammar';
      readonly syntax: 'lark' | 'regex';
      readonly definition: string;
    };

export type Tool = FunctionTool | CustomTool;

export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'required' }
  | { readonly kind: 'tool'; readonly name: string };

export type TokenBias = { readonly token: number; readonly bias: number };

/** Absent means: the engine's own default. */
export type Sampling = {
  readonly temperature?: number;
  readonly topP?: number;
  /** Only the so many likeliest tokens are drawn from. */
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** Added to the logits of tokens, by their number in the model's vocabulary: −100 bans, 100 forces. */
  readonly logitBias?: readonly TokenBias[];
  /** Text that ends the answer and is not part of it. */
  readonly stop: readonly string[];
};

/** Text that a model goes on with as it is; or its tokens, by their numbers in the model's vocabulary. */
export type RawPrompt = string | readonly number[];

export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high';

export type OutputFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json-object' }
  | {
      readonly kind: 'json-schema';
      readonly name: string;
      readonly schema: JsonSchema;
      readonly strict: boolean;
    };

export type Generation = {
  /** The conversation, oldest first; system and developer messages stand where the client put them. */
  readonly items: readonly Item[];
  /** Instead of a conversation: what to go on with as it is, each for an equal share of the choices. At least one. */
  readonly rawPrompts?: readonly RawPrompt[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly sampling: Sampling;
  readonly reasoningEffort?: ReasoningEffort;
  readonly output: OutputFormat;
  /** Upper bound on output tokens, reasoning included, as the client asked for it. */
  readonly outputTokensMax?: number;
  /** How many answers to give; absent means one. Engines give one at a time. */
  readonly choices?: number;
  /** With the text, how likely its tokens were, and the `top` likeliest at each place. */
  readonly logprobs?: { readonly top: number };
  /** `whole`: the client reads one body at the end, so an engine may answer in one piece. */
  readonly delivery: 'whole' | 'stream';
};

/** What a model can be shown of earlier reasoning: the text, else its summary. */
export function thoughtOf({ text, summary = [] }: ReasoningItem): string {
  return text === '' ? summary.join('\n\n') : text;
}

/** For engines that have no mark for a tool that failed: the model reads it. */
export function resultText({ content, isError }: ToolResult): string {
  const text = textOf(content);
  return isError === true && !/error/i.test(text) ? `Error: ${text}`.trimEnd() : text;
}

/** All text of an item that an engine may be given. */
export function itemText(item: Item): string {
  switch (item.kind) {
    case 'message':
      return textOf(item.content);
    case 'tool-call':
      return item.name + item.arguments;
    case 'custom-tool-call':
      return item.name + item.input;
    case 'tool-result':
      return resultText(item);
    case 'reasoning':
      return thoughtOf(item);
  }
}
