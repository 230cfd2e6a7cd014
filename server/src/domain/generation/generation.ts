// The hub: what any protocol asks for and any engine understands. Protocols decode to a Generation,
// engines read one; neither knows the other. Modelled on the Responses protocol, the richest of the three.

export type Role = 'system' | 'developer' | 'user' | 'assistant';

/** What a client that keeps conversations calls an item; engines don't need it. */
export type Identified = { readonly id?: string };

export type Message = Identified & {
  readonly kind: 'message';
  readonly role: Role;
  readonly text: string;
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

export type ToolResult = Identified & {
  readonly kind: 'tool-result';
  readonly callId: string;
  readonly text: string;
};

/** What the model thought before it spoke, replayed by clients that keep it. */
export type ReasoningItem = Identified & {
  readonly kind: 'reasoning';
  readonly text: string;
};

export type Item = Message | ToolCall | ToolResult | ReasoningItem;

export type JsonSchema = { readonly [keyword: string]: unknown };

export type Tool = {
  readonly name: string;
  readonly description?: string;
  readonly parameters: JsonSchema;
  readonly strict: boolean;
};

export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'required' }
  | { readonly kind: 'tool'; readonly name: string };

/** Absent means: the engine's own default. */
export type Sampling = {
  readonly temperature?: number;
  readonly topP?: number;
  /** Only the so many likeliest tokens are drawn from. */
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  /** Text that ends the answer and is not part of it. */
  readonly stop: readonly string[];
};

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
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  readonly sampling: Sampling;
  readonly reasoningEffort?: ReasoningEffort;
  readonly output: OutputFormat;
  /** Upper bound on output tokens, reasoning included, as the client asked for it. */
  readonly outputTokensMax?: number;
  /** `whole`: the client reads one body at the end, so an engine may answer in one piece. */
  readonly delivery: 'whole' | 'stream';
};
