// Responses request → Generation.

import { textContent } from '../../domain/generation/content.ts';
import type {
  Generation,
  Item,
  OutputFormat,
  ReasoningEffort,
  Sampling,
} from '../../domain/generation/generation.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';
import type { Earlier } from '../../domain/stored/recollection.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import { unknownFields } from '../unknown-fields.ts';
import type { Decoded, Keeping } from '../protocol.ts';
import { isUnknownTier, termsOf } from '../service-tiers.ts';
import { type Echo, echoOf } from './echo.ts';
import { responsesEncoder, WarmUpEncoder } from './encode.ts';
import { unknownIncludes } from './include.ts';
import { readInput } from './input-items.ts';
import type { ItemRules } from './output-items.ts';
import { conversationIdOf } from './recall.ts';
import { responsesRequest, type ResponsesRequest } from './request.ts';
import { ResponseObject } from './response-object.ts';
import { storedInput } from './stored-input.ts';
import type { WireNames } from './tool-names.ts';
import { chooseTool, readTools, type Chosen } from './tools.ts';

const NO_ITEM = "Invalid 'input': expected at least one item.";
const NOTHING_EARLIER: Earlier = { items: [], named: new Map() };

export function decodeResponses(
  body: unknown,
  found?: Earlier,
  sealer?: Sealer,
): Result<Decoded, Refusal> {
  const parsed = responsesRequest.safeParse(body);
  if (!parsed.success) return err(firstIssue(parsed.error.issues));
  const request = parsed.data;
  const problem = unsupported(request) ?? inconsistent(request);
  if (problem !== undefined) return err(problem);

  const { previous_response_id: previousId } = request;
  const conversationId = conversationIdOf(request.conversation);
  if (previousId != null && found === undefined) {
    return err({ kind: 'previous-response-not-found', id: previousId });
  }
  if (conversationId !== undefined && found === undefined) {
    return err({ kind: 'not-found', what: 'conversation', id: conversationId });
  }
  const earlier = found ?? NOTHING_EARLIER;
  const isEmpty = request.input.length === 0 && earlier.items.length === 0;
  if (isEmpty && Array.isArray(request.input) && request.generate !== false) {
    return err({ kind: 'invalid-request', field: 'input', message: NO_ITEM });
  }
  const input = readInput(
    request.input,
    earlier,
    sealer,
    conversationId === undefined ? 'previous_response_id' : 'conversation',
  );
  if (!input.ok) return input;
  const own = { path: ['tools'], tools: request.tools ?? [] };
  const box = readTools([own, ...input.value.toolLists]);
  if (!box.ok) return box;
  const chosen = chooseTool(request.tool_choice, box.value);
  if (!chosen.ok) return chosen;

  const generation = generationOf(request, input.value.items, chosen.value);
  const { echoed } = box.value;
  const rules = rulesOf(request, box.value.names, sealer);
  const echo = () => echoOf(request, generation, echoed);
  return ok({
    model: request.model,
    generation,
    echo,
    toolPlaces: box.value.places,
    encoder: (facts) =>
      responsesEncoder(facts, {
        echo: echo(),
        rules: { ...rules, hidesReasoning: facts.reasoning === 'sealed' },
      }),
    truncates: request.truncation === 'auto',
    keeping: keepingOf(request, earlier, echo),
    ...termsOf(request.service_tier, request.safety_identifier ?? request.user),
    warmUp: (facts) => new WarmUpEncoder(facts, echo()),
    unknown: [
      ...unknownFields(responsesRequest, body),
      ...unknownIncludes(request.include),
      ...box.value.unknown,
    ],
    ignored: [...withoutEffect(request), ...input.value.ignored, ...box.value.ignored],
  });
}

function rulesOf(
  { include, max_tool_calls: callsMax }: ResponsesRequest,
  names: WireNames,
  sealer: Sealer | undefined,
): Omit<ItemRules, 'hidesReasoning'> {
  return {
    names,
    callsMax: callsMax ?? Number.POSITIVE_INFINITY,
    includesSealed: include?.includes('reasoning.encrypted_content') === true,
    ...(sealer && { seal: (text: string) => sealer.seal('reasoning', text) }),
  };
}

function keepingOf(request: ResponsesRequest, { named }: Earlier, echo: () => Echo): Keeping {
  const { store, background, metadata, previous_response_id: previousId } = request;
  const conversationId = conversationIdOf(request.conversation);
  const wish = store === true ? 'asked' : 'no';
  return {
    kind: 'response',
    store: store == null ? 'by default' : wish,
    background: background === true,
    metadata: metadata ?? {},
    ...(previousId != null && { previousId }),
    ...(conversationId !== undefined && { conversationId }),
    input: (facts) => storedInput(request.input, named, facts),
    waiting: (facts, status) =>
      new ResponseObject(facts, echo()).record(
        '[]',
        status === 'queued' ? { kind: 'queued' } : undefined,
      ),
  };
}

function generationOf(
  request: ResponsesRequest,
  input: readonly Item[],
  { choice, tools }: Chosen,
): Generation {
  const { instructions, reasoning } = request;
  const effort = effortOf(reasoning?.effort);
  const system: readonly Item[] = instructions
    ? [{ kind: 'message', role: 'system', content: textContent(instructions) }]
    : [];
  return {
    items: [...system, ...input],
    tools,
    toolChoice: choice,
    // One call at most: the model need not write those that would be left out.
    parallelToolCalls: request.max_tool_calls !== 1 && (request.parallel_tool_calls ?? true),
    sampling: samplingOf(request),
    ...(effort !== undefined && { reasoningEffort: effort }),
    output: outputOf(request),
    ...(request.max_output_tokens != null && { outputTokensMax: request.max_output_tokens }),
    ...logprobsOf(request),
    delivery: request.stream === true ? 'stream' : 'whole',
  };
}

/** Asked for by either of two fields. */
function logprobsOf(request: ResponsesRequest): Pick<Generation, 'logprobs'> {
  const top = request.top_logprobs ?? 0;
  const wanted = top > 0 || request.include?.includes('message.output_text.logprobs') === true;
  return wanted ? { logprobs: { top } } : {};
}

type Effort = NonNullable<ResponsesRequest['reasoning']>['effort'];

/** The hub's efforts end at `high`; the answer says which was used. */
export function effortOf(effort: Effort): ReasoningEffort | undefined {
  return effort === 'xhigh' || effort === 'max' ? 'high' : (effort ?? undefined);
}

function samplingOf(request: ResponsesRequest): Sampling {
  return {
    ...(request.temperature != null && { temperature: request.temperature }),
    ...(request.top_p != null && { topP: request.top_p }),
    ...(request.frequency_penalty != null && { frequencyPenalty: request.frequency_penalty }),
    ...(request.presence_penalty != null && { presencePenalty: request.presence_penalty }),
    stop: [],
  };
}

function outputOf({ text }: ResponsesRequest): OutputFormat {
  const format = text?.format;
  if (format == null || format.type === 'text') return { kind: 'text' };
  if (format.type === 'json_object') return { kind: 'json-object' };
  const { name, schema, strict } = format;
  return { kind: 'json-schema', name, schema, strict: strict ?? false };
}

/** What OpenAI knows and we do not serve, and what would be a wrong answer if it were ignored. */
function unsupported(request: ResponsesRequest): Refusal | undefined {
  if (request.prompt != null) return feature('stored prompts', 'prompt');
  return undefined;
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}

/** Fields that are right by themselves and wrong together. */
function inconsistent(request: ResponsesRequest): Refusal | undefined {
  const wrong = (field: string, message: string): Refusal => ({
    kind: 'invalid-request',
    field,
    message,
  });
  if (request.stream_options != null && request.stream !== true) {
    return wrong('stream_options', "'stream_options' is only allowed when 'stream' is true.");
  }
  if (request.previous_response_id != null && request.conversation != null) {
    return wrong('conversation', "Send 'previous_response_id' or 'conversation', not both.");
  }
  if (request.background === true && request.store === false) {
    return wrong('background', "'background' needs 'store': what nobody keeps, nobody can fetch.");
  }
  return undefined;
}

/** Known values that do not do here what they do at OpenAI; the answer shows what was done instead. */
function withoutEffect({ reasoning, service_tier: tier }: ResponsesRequest): readonly string[] {
  const names: string[] = [];
  if (reasoning?.effort === 'xhigh' || reasoning?.effort === 'max') names.push('reasoning.effort');
  if (isUnknownTier(tier)) names.push('service_tier');
  return names;
}
