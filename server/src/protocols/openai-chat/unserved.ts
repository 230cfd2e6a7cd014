// What OpenAI serves and we don't: refused by name where an answer without it would be a wrong one, else left out and named
// in the answer's header.

import type { Refusal } from '../../domain/refusal.ts';
import { isUnknownTier } from '../service-tiers.ts';
import { unservedPart } from './content.ts';
import type { ChatRequest } from './request.ts';

export function unserved(request: ChatRequest): Refusal | undefined {
  if (request.audio != null) return feature('audio output', 'audio');
  if (request.modalities?.includes('audio')) return feature('audio output', 'modalities');
  for (const [index, message] of request.messages.entries()) {
    const problem = unservedPart(message.content ?? '', `messages[${index}]`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

/** A predicted answer only saves time, and a model without a search of ours answers without it. */
export function ignoredIn(request: ChatRequest): readonly string[] {
  const ignored: string[] = [];
  if (request.prediction != null) ignored.push('prediction');
  if (request.web_search_options != null) ignored.push('web_search_options');
  if (request.moderation != null) ignored.push('moderation');
  const { verbosity, service_tier: tier } = request;
  if (verbosity != null && verbosity !== 'medium') ignored.push('verbosity');
  if (isUnknownTier(tier)) ignored.push('service_tier');
  const { reasoning_effort: effort } = request;
  // They are `high` here, and the answer does not say so.
  if (effort === 'xhigh' || effort === 'max') ignored.push('reasoning_effort');
  return ignored;
}
