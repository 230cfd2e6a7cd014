// What a model can do, as data, and what becomes of a Generation that asks for more: what changes the answer is refused
// by its field, what is only a wish is left out and told. JSON and strict tools are never refused: checked-output.ts.

import { err, ok, type Result } from '../../lib/result.ts';
import { MEDIA_PARTS_MAX } from '../../limits.ts';
import { isMedia, type Media } from './content.ts';
import type { Generation, Item } from './generation.ts';

export const CAPABILITIES = [
  /** Looks at images. */
  'images',
  /** Reads PDF; plain text is text for every model. */
  'documents',
  /** Its server fetches the https addresses that clients send; the operator vouches for that server's network. */
  'fetchesUrls',
  'tools',
  /** Makes several calls in one answer. */
  'parallelToolCalls',
  /** Calls a tool because it must, or one that is named. */
  'forcedToolChoice',
  /** Keeps the arguments of strict tools to their schema by itself, as by a grammar. */
  'strictTools',
  /** Holds the input of custom tools to their grammars, as far as each can be held. */
  'toolGrammars',
  /** Keeps an answer to JSON, or to a schema, by itself. */
  'jsonObject',
  'jsonSchema',
  /** Thinks before it answers, and can be told how much. */
  'reasoning',
  'seed',
  'penalties',
  'topK',
  'logprobs',
  'logitBias',
  /** Goes on with a prompt that is the numbers of its tokens. */
  'promptTokens',
  'embeddings',
] as const;

export type Capability = (typeof CAPABILITIES)[number];
/** What an engine says that it keeps, and what is checked all the same, because many servers say so and do not. */
type Promisable = Extract<Capability, 'jsonObject' | 'jsonSchema' | 'forcedToolChoice'>;
export type Capabilities = {
  readonly [capability in Capability]: capability extends Promisable
    ? boolean | 'promised'
    : boolean;
};

/** All but the capabilities that are named. */
export function everythingBut(...missing: readonly Capability[]): Capabilities {
  const table = CAPABILITIES.map((capability) => [capability, !missing.includes(capability)]);
  // Object.fromEntries forgets which members it makes: one for each of the list.
  return Object.fromEntries(table) as Capabilities;
}

/** What can't be done; `field` is the hub's or, of images and documents, the client's own. */
export type Unserved =
  | { readonly kind: 'unsupported'; readonly feature: string; readonly field: string }
  | { readonly kind: 'too-many'; readonly message: string; readonly field: string };

export type FitToModel = {
  readonly generation: Generation;
  /** Fields of the hub that were left out. */
  readonly ignored: readonly string[];
};

export function fitToModel(
  generation: Generation,
  capabilities: Capabilities,
): Result<FitToModel, Unserved> {
  const unserved =
    unservedMedia(generation.items, capabilities) ?? unservedField(generation, capabilities);
  if (unserved !== undefined) return err(unserved);
  const { reasoningEffort: effort, sampling, tools, toolChoice, ...rest } = generation;
  const { seed, ...drawn } = sampling;
  const ignored: string[] = [];
  // Not to reason is what a model that can't does anyway.
  const effortUnheard = effort !== undefined && !capabilities.reasoning;
  if (effortUnheard && effort !== 'none') ignored.push('reasoningEffort');
  const seedUnheard = seed !== undefined && !capabilities.seed;
  if (seedUnheard) ignored.push('sampling.seed');
  if (!capabilities.toolGrammars) ignored.push(...unheldGrammars(generation));
  const toolsUnheard = tools.length > 0 && !capabilities.tools;
  if (!effortUnheard && !seedUnheard && !toolsUnheard) return ok({ generation, ignored });
  const fitted: Generation = {
    ...rest,
    tools: toolsUnheard ? [] : tools,
    toolChoice: toolsUnheard ? { kind: 'auto' } : toolChoice,
    sampling: seedUnheard ? drawn : sampling,
    ...(effort !== undefined && !effortUnheard && { reasoningEffort: effort }),
  };
  return ok({ generation: fitted, ignored });
}

/** A coding agent that sends a grammar works without it too, and would not without its tool: the model is told of it. */
function unheldGrammars({ tools, toolChoice }: Generation): readonly string[] {
  if (toolChoice.kind === 'none') return [];
  return tools.flatMap((tool, at) =>
    tool.kind === 'custom' && tool.format.kind === 'grammar' ? [`tools[${at}].format`] : [],
  );
}

/** What may be asked, what it takes, and the field that asks for it: made once, because every request is held against it. */
const FEATURES: readonly {
  readonly isAsked: (generation: Generation) => boolean;
  readonly takes: Capability;
  readonly feature: string;
  readonly field: string;
}[] = [
  { isAsked: offersTools, takes: 'tools', feature: 'tools', field: 'tools' },
  {
    isAsked: forcesCall,
    takes: 'forcedToolChoice',
    feature: 'a tool choice that forces a call',
    field: 'toolChoice',
  },
  {
    isAsked: ({ sampling }) => (sampling.frequencyPenalty ?? 0) !== 0,
    takes: 'penalties',
    feature: 'penalties',
    field: 'sampling.frequencyPenalty',
  },
  {
    isAsked: ({ sampling }) => (sampling.presencePenalty ?? 0) !== 0,
    takes: 'penalties',
    feature: 'penalties',
    field: 'sampling.presencePenalty',
  },
  {
    isAsked: ({ sampling }) => sampling.topK !== undefined,
    takes: 'topK',
    feature: 'top-k sampling',
    field: 'sampling.topK',
  },
  {
    isAsked: ({ sampling }) => (sampling.logitBias ?? []).length > 0,
    takes: 'logitBias',
    feature: 'logit bias',
    field: 'sampling.logitBias',
  },
  {
    isAsked: ({ rawPrompts }) => rawPrompts?.some((prompt) => typeof prompt !== 'string') === true,
    takes: 'promptTokens',
    feature: 'prompts of token numbers; send the text',
    field: 'rawPrompts',
  },
  {
    isAsked: ({ logprobs }) => logprobs !== undefined,
    takes: 'logprobs',
    feature: 'log probabilities',
    field: 'logprobs',
  },
];

function unservedField(generation: Generation, can: Capabilities): Unserved | undefined {
  for (const { isAsked, takes, feature, field } of FEATURES) {
    if (can[takes] === false && isAsked(generation)) return { kind: 'unsupported', feature, field };
  }
  return undefined;
}

/** Tools that must not be called need nobody who can call them. */
function offersTools({ tools, toolChoice }: Generation): boolean {
  return tools.length > 0 && toolChoice.kind !== 'none';
}

function forcesCall({ tools, toolChoice: { kind } }: Generation): boolean {
  return tools.length > 0 && (kind === 'required' || kind === 'tool');
}

function unservedMedia(items: readonly Item[], can: Capabilities): Unserved | undefined {
  let count = 0;
  for (const part of mediaIn(items)) {
    const { field = 'items' } = part;
    if (++count > MEDIA_PARTS_MAX) {
      const message = `A request may have at most ${MEDIA_PARTS_MAX} images and documents; '${field}' is one too many.`;
      return { kind: 'too-many', field, message };
    }
    const feature = missingFor(part, can);
    if (feature !== undefined) return { kind: 'unsupported', feature, field };
  }
  return undefined;
}

function missingFor(part: Media, can: Capabilities): string | undefined {
  if (part.kind === 'image' && !can.images) return 'image input';
  if (part.kind === 'document' && !can.documents) return 'document input other than plain text';
  if (part.source.kind === 'inline' || can.fetchesUrls) return undefined;
  return 'fetching from a URL; send the data itself, as base64 or a data: URL';
}

export function mediaIn(items: readonly Item[]): readonly Media[] {
  let media: Media[] | undefined;
  for (const item of items) {
    if (item.kind === 'message' || item.kind === 'tool-result') {
      for (const part of item.content) if (isMedia(part)) (media ??= []).push(part);
    }
  }
  // Most requests have none, and are asked three times: so that costs them no list, and no generator.
  return media ?? NO_MEDIA;
}

const NO_MEDIA: readonly Media[] = [];
