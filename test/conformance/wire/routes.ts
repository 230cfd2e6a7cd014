// One answer of every OpenAI address beside the three that generate conversations: what is kept, counted, listed and
// embedded, in the order in which each needs what came before it.

import assert from 'node:assert/strict';

type Method = 'GET' | 'POST' | 'DELETE';

export type Answered = {
  readonly method: Method;
  /** As documents write it: `/v1/responses/{response_id}`. */
  readonly route: string;
  readonly body: unknown;
};

const MODEL = 'scripted';
const QUESTION = { role: 'user', content: 'one two' } as const;

export async function playRoutes(origin: string, key: string): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  /** `ids` stand in the route's braces, in their order. */
  const ask = async (
    method: Method,
    route: string,
    body?: object,
    ...ids: readonly string[]
  ): Promise<string> => {
    const rest = [...ids];
    const path = route.replaceAll(/\{\w+\}/g, () => rest.shift() ?? '');
    const response = await fetch(origin + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    assert.equal(response.status, 200, `${method} ${path}: ${JSON.stringify(json)}`);
    answers.push({ method, route, body: json });
    return String(Object(json).id);
  };

  await ask('GET', '/v1/models');
  await ask('GET', '/v1/models/{model}', undefined, MODEL);
  await ask('POST', '/v1/embeddings', {
    model: 'embedder',
    input: 'one',
    encoding_format: 'float',
  });
  await ask('POST', '/v1/completions', { model: MODEL, prompt: 'one', logprobs: 2 });

  await playResponses(ask);
  await playConversations(ask);
  await playStoredCompletions(ask);
  return answers;
}

type Asking = (
  method: Method,
  route: string,
  body?: object,
  ...ids: readonly string[]
) => Promise<string>;

async function playResponses(ask: Asking): Promise<void> {
  const input = [
    QUESTION,
    { role: 'assistant', content: 'three' },
    { ...QUESTION, content: [{ type: 'input_text', text: 'four' }] },
  ];
  const one = '/v1/responses/{response_id}';
  const id = await ask('POST', '/v1/responses', { model: MODEL, input });
  await ask('GET', one, undefined, id);
  await ask('GET', `${one}/input_items`, undefined, id);
  await ask('DELETE', one, undefined, id);
  const slow = { model: MODEL, input: '[[tokens=4000 rate=20]]', background: true };
  const running = await ask('POST', '/v1/responses', slow);
  await ask('POST', `${one}/cancel`, undefined, running);
  await ask('POST', '/v1/responses/input_tokens', { model: MODEL, input });
  await ask('POST', '/v1/responses/compact', { model: MODEL, input });
}

async function playConversations(ask: Asking): Promise<void> {
  const one = '/v1/conversations/{conversation_id}';
  const id = await ask('POST', '/v1/conversations', { metadata: { a: 'b' }, items: [QUESTION] });
  await ask('GET', one, undefined, id);
  await ask('POST', one, { metadata: { a: 'c' } }, id);
  await ask('POST', '/v1/responses', { model: MODEL, input: 'hi', conversation: id });
  const items = [{ ...QUESTION, id: 'msg_mine' }];
  await ask('POST', `${one}/items`, { items }, id);
  await ask('GET', `${one}/items`, undefined, id);
  await ask('GET', `${one}/items/{item_id}`, undefined, id, 'msg_mine');
  await ask('DELETE', `${one}/items/{item_id}`, undefined, id, 'msg_mine');
  await ask('DELETE', one, undefined, id);
}

async function playStoredCompletions(ask: Asking): Promise<void> {
  const all = '/v1/chat/completions';
  const one = `${all}/{completion_id}`;
  const id = await ask('POST', all, { model: MODEL, messages: [QUESTION], store: true });
  await ask('GET', all);
  await ask('GET', one, undefined, id);
  await ask('GET', `${one}/messages`, undefined, id);
  await ask('POST', one, { metadata: { a: 'b' } }, id);
  await ask('DELETE', one, undefined, id);
}
