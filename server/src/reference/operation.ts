// One address in the reference: what goes in and what comes out.

import type { z } from 'zod';
import type { FieldNote } from './field-note.ts';

export type QueryFields = {
  readonly [name: string]: { readonly type: string; readonly description: string };
};

export type Operation = {
  readonly id: string;
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly tag:
    | 'Chat Completions'
    | 'Legacy completions'
    | 'Embeddings'
    | 'Responses'
    | 'Messages'
    | 'What is stored'
    | 'Usage and costs'
    | 'Models'
    | 'Money'
    | 'State of the server';
  readonly summary: string;
  readonly description: string;
  readonly needsKey: boolean;
  /** What the query may hold, as JSON Schema. */
  readonly query?: QueryFields;
  readonly request?: {
    readonly name: string;
    readonly schema: z.ZodType;
    readonly fields: { readonly [field: string]: FieldNote };
    readonly example: object;
  };
  readonly answer: { readonly name: string; readonly schema: z.ZodType };
  /** Each event's data, where the answer can be streamed. */
  readonly event?: { readonly name: string; readonly schema: z.ZodType };
  readonly error: 'OpenAiError' | 'AnthropicError';
};
