// Stored chat completions: what is kept of one, and what clients may do with it.
// Source: OpenAI's published OpenAPI document, the paths under /chat/completions.

import { z } from 'zod';
import type { Part } from '../../domain/generation/part.ts';
import type { Refusal } from '../../domain/refusal.ts';
import type { Metadata, StoredAnswer } from '../../domain/stored/answer.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { firstIssue } from '../first-issue.ts';
import { listJson, metadata, metadataFilter, pageIn, readPage } from '../openai-list.ts';
import type { AnswerRecord, Encoder, Ending, Keeping } from '../protocol.ts';
import type { Resource, ResourceRequest, Wish } from '../resource.ts';
import type { ChatRequest } from './request.ts';

const COMPLETION_ID = /^chatcmpl-[0-9a-f]{32}$/;

/** OpenAI keeps chat completions only where that is asked. */
export function keepingOf(request: ChatRequest): Keeping {
  return {
    kind: 'chat-completion',
    store: request.store === true ? 'asked' : 'no',
    background: false,
    metadata: request.metadata ?? {},
    input: () => request.messages,
  };
}

/** Says what it is told to say, and makes the whole object beside it. */
export class StoredCompletion implements Encoder {
  readonly #shown: Encoder;
  readonly #whole: Encoder;
  readonly #id: string;
  readonly contentType: string;
  readonly heartbeat: string;

  /** `whole`: an encoder of the same answer in one piece. */
  constructor(told: Encoder, whole: Encoder, requestId: string) {
    this.#shown = told;
    this.#whole = whole;
    this.#id = `chatcmpl-${requestId.slice('req_'.length)}`;
    this.contentType = told.contentType;
    this.heartbeat = told.heartbeat;
  }

  parts(parts: readonly Part[]): string {
    this.#whole.parts(parts);
    return this.#shown.parts(parts);
  }

  record(ending: Ending): AnswerRecord {
    const body = this.#whole.finish(ending);
    return { id: this.#id, status: 'completed', body, output: '[]' };
  }

  finish(ending: Ending): string {
    return this.#shown.finish(ending);
  }

  fail(refusal: Refusal): string {
    return this.#shown.fail(refusal);
  }
}

type Of = { readonly of: 'chat-completion'; readonly id: string };

function completion(
  method: Resource['method'],
  path: string,
  wish: (of: Of, request: ResourceRequest) => Result<Wish, Refusal>,
): Resource {
  return {
    method,
    path: `/v1/chat/completions/:id${path}`,
    wish: (request) => {
      const id = request.params['id'] ?? '';
      if (!COMPLETION_ID.test(id)) return err({ kind: 'not-found', what: 'chat completion', id });
      return wish({ of: 'chat-completion', id }, request);
    },
  };
}

export const completionChange = z.object({ metadata });

export const chatResources: readonly Resource[] = [
  { method: 'GET', path: '/v1/chat/completions', wish: list },
  completion('GET', '', (of) => ok({ kind: 'show-answer', ...of, show: shown })),
  completion('POST', '', (of, { body }) => {
    const parsed = completionChange.safeParse(body);
    if (!parsed.success) return err(firstIssue(parsed.error.issues));
    return ok({ kind: 'update-answer', ...of, metadata: parsed.data.metadata, show: shown });
  }),
  completion('DELETE', '', (of) =>
    ok({
      kind: 'delete-answer',
      ...of,
      show: () => JSON.stringify({ id: of.id, object: 'chat.completion.deleted', deleted: true }),
    }),
  ),
  completion('GET', '/messages', (of, { query }) => {
    const page = readPage(query, 'asc');
    if (!page.ok) return page;
    const show = (answer: StoredAnswer) => {
      const listed = pageIn(messagesOf(answer), page.value);
      return listed.ok ? ok(listJson(listed.value)) : listed;
    };
    return ok({ kind: 'show-answer', ...of, show });
  }),
];

function list({ query }: ResourceRequest): Result<Wish, Refusal> {
  const page = readPage(query, 'asc');
  if (!page.ok) return page;
  const pairs = metadataFilter(query);
  if (!pairs.ok) return pairs;
  const model = query.get('model') ?? undefined;
  if (model?.includes('\0') === true) {
    const message = "Invalid 'model': expected a model's id.";
    return err({ kind: 'invalid-request', field: 'model', message });
  }
  return ok({
    kind: 'list-answers',
    of: 'chat-completion',
    page: page.value,
    metadata: pairs.value,
    ...(model !== undefined && { model }),
    show: ({ entries, hasMore }) =>
      listJson({
        entries: entries.map((answer) => ({ id: answer.id, json: jsonOf(answer) })),
        hasMore,
      }),
  });
}

function shown(answer: StoredAnswer): Result<string, never> {
  return ok(jsonOf(answer));
}

/** The metadata may have changed since. */
function jsonOf({ body, metadata: pairs }: { readonly body: string; readonly metadata: Metadata }) {
  return `${body.slice(0, -1)},"metadata":${JSON.stringify(pairs)}}`;
}

/** A message with many parts shows them in `content_parts`, as OpenAI's does. */
function messagesOf({ id, input }: StoredAnswer) {
  const messages = JSON.parse(input) as readonly { readonly content?: unknown }[]; // as keepingOf made it
  return messages.map((message, index) => {
    const { content = null } = message;
    const parts = Array.isArray(content) ? { content: null, content_parts: content } : {};
    const json = JSON.stringify({
      content_parts: null,
      ...message,
      ...parts,
      id: `${id}-${index}`,
    });
    return { id: `${id}-${index}`, json };
  });
}
