// What clients may do with stored responses. Source: OpenAI's API reference, Responses.

import type { Refusal } from '../../domain/refusal.ts';
import { withOutput, type StoredAnswer } from '../../domain/stored/answer.ts';
import { ok, err, type Result } from '../../lib/result.ts';
import { listJson, pageIn, readPage } from '../openai-list.ts';
import { unknownInQuery } from './include.ts';
import type { Resource, ResourceRequest, Wish } from '../resource.ts';

const RESPONSE_ID = /^resp_[0-9a-f]{32}$/;

type Of = { readonly of: 'response'; readonly id: string };

function response(
  method: Resource['method'],
  path: string,
  wish: (of: Of, request: ResourceRequest) => Result<Wish, Refusal>,
): Resource {
  return {
    method,
    path: `/v1/responses/:id${path}`,
    unknown: unknownInQuery,
    wish: (request) => {
      const id = request.params['id'] ?? '';
      // What can't be an id needs no look-up.
      if (!RESPONSE_ID.test(id)) return err({ kind: 'not-found', what: 'response', id });
      return wish({ of: 'response', id }, request);
    },
  };
}

export const responseResources: readonly Resource[] = [
  response('GET', '', (of, { query }) => {
    const stream = query.get('stream');
    if (stream !== 'true' && stream !== '1') return ok({ kind: 'show-answer', ...of, show });
    const after = query.get('starting_after') ?? '-1';
    if (!/^(?:-1|\d{1,9})$/.test(after)) {
      const message = "Invalid 'starting_after': expected the number of an event.";
      return err({ kind: 'invalid-request', field: 'starting_after', message });
    }
    return ok({ kind: 'follow-answer', id: of.id, after: Number(after) });
  }),
  response('DELETE', '', (of) =>
    ok({
      kind: 'delete-answer',
      ...of,
      show: () => JSON.stringify({ id: of.id, object: 'response', deleted: true }),
    }),
  ),
  response('POST', '/cancel', ({ id }) => ok({ kind: 'cancel-answer', id, show })),
  response('GET', '/input_items', (of, { query }) => {
    const page = readPage(query, 'desc');
    if (!page.ok) return page;
    return ok({
      kind: 'show-answer',
      ...of,
      show: ({ input }) => {
        const listed = pageIn(itemsIn(input), page.value);
        return listed.ok ? ok(listJson(listed.value)) : listed;
      },
    });
  }),
];

function show(answer: StoredAnswer): Result<string, never> {
  return ok(withOutput(answer));
}

function itemsIn(input: string): readonly { readonly id: string; readonly json: string }[] {
  const items = JSON.parse(input) as readonly { readonly id: string }[]; // as storedInput made it
  return items.map((item) => ({ id: item.id, json: JSON.stringify(item) }));
}
