// Where the pieces of the API meet: what one of them leaves behind, another has to take up. On a real server, with the
// bodies that clients send.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Turnpike } from './turnpike.ts';

const price = { input: '1', output: '2' };
const CONFIG = {
  engines: [{ kind: 'scripted', name: 'scripted' }],
  models: [
    { id: 'scripted', engine: 'scripted', price },
    { id: 'embedder', engine: 'scripted', type: 'embedding', price: { input: '1' } },
    { id: 'blind', engine: 'scripted', capabilities: { images: false }, price },
  ],
};
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

type Answer = { readonly status: number; readonly headers: Headers; readonly body: Body };
/** A test reads what it expects. */
type Body = {
  readonly id: string;
  readonly status: string;
  readonly output: readonly {
    readonly type: string;
    readonly content?: readonly { readonly text?: string }[];
  }[];
  readonly error: {
    readonly message: string;
    readonly param: string | null;
    readonly code: string;
  };
};

let turnpike: Turnpike;
before(async () => {
  turnpike = await Turnpike.start({ config: CONFIG });
});
after(() => turnpike[Symbol.asyncDispose]());

async function ask(method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${turnpike.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${turnpike.firstKey}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answered = (await response.json()) as Body; // a test reads what it expects
  return { status: response.status, headers: response.headers, body: answered };
}

const respond = (body: object): Promise<Answer> =>
  ask('POST', '/v1/responses', { model: 'scripted', ...body });

async function responded(body: object): Promise<Answer> {
  const answer = await respond(body);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer;
}

/** What the model was given, as it tells by itself. */
function recalled({ body }: Answer): string {
  return body.output
    .flatMap(({ content }) => content ?? [])
    .map(({ text }) => text)
    .join('');
}

const tools = [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }];

describe('a response that the cap cut in the middle of a call', () => {
  const long = `[[tool=f:{"a":"${'x '.repeat(60)}"}]]`;
  const cut = { input: long, max_output_tokens: 16, tools };

  it('is gone on from without the call, by its id and in a conversation', async () => {
    const first = await responded(cut);
    assert.equal(first.body.status, 'incomplete');
    const next = await responded({ previous_response_id: first.body.id, input: '[[recall]]' });
    assert.doesNotMatch(recalled(next), /tool-call/);

    const conversation = (await ask('POST', '/v1/conversations', {})).body.id;
    await responded({ ...cut, conversation });
    assert.doesNotMatch(
      recalled(await responded({ conversation, input: '[[recall]]' })),
      /tool-call/,
    );
  });

  it('may be sent again as it came: the call is left out, and named', async () => {
    const { output } = (await responded(cut)).body;
    const again = await responded({ input: [...output, { role: 'user', content: 'go on' }] });
    assert.equal(again.headers.get('turnpike-ignored'), 'input[0] (incomplete)');
  });
});

describe('a conversation', () => {
  it('takes what was compacted, and the model reads it', async () => {
    const compacted = await ask('POST', '/v1/responses/compact', {
      model: 'scripted',
      input: 'The gate is blue.',
    });
    const conversation = await ask('POST', '/v1/conversations', { items: compacted.body.output });
    assert.equal(conversation.status, 200, JSON.stringify(conversation.body));
    const next = await responded({ conversation: conversation.body.id, input: '[[recall]]' });
    assert.match(recalled(next), /The gate is blue.*Summary of the conversation/s);
  });

  it('names a wrong item by the field that it stands in', async () => {
    const sealed = { items: [{ type: 'compaction', encrypted_content: 'made elsewhere' }] };
    const { error } = (await ask('POST', '/v1/conversations', sealed)).body;
    assert.equal(error.param, 'items[0].encrypted_content');
    const odd = await ask('POST', '/v1/conversations', { items: [{ type: 'odd' }] });
    assert.equal(odd.body.error.param, 'items[0].type');
  });
});

describe('what a response goes on from', () => {
  it('may have declared the same tools in the same place', async () => {
    const declared = { type: 'additional_tools', role: 'developer', tools };
    const first = await responded({ input: [declared, { role: 'user', content: 'hi' }] });
    const { id } = first.body;
    const next = await respond({
      previous_response_id: id,
      input: [declared, { role: 'user', content: 'hi' }],
    });
    assert.equal(next.status, 200, JSON.stringify(next.body));
  });

  it('is named where it holds what the model can not do', async () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}` };
    const { id } = (await responded({ input: [{ role: 'user', content: [image] }] })).body;
    const next = await respond({ model: 'blind', previous_response_id: id, input: 'hi' });
    assert.equal(next.status, 400);
    assert.equal(next.body.error.param, 'previous_response_id[0].content[0].image_url');
  });
});

describe('a response that failed while somebody waited', () => {
  it('does not say that it is stored', async () => {
    const response = await fetch(`${turnpike.baseUrl}/responses`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${turnpike.firstKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ model: 'scripted', input: '[[error-after=2]]', stream: true }),
    });
    const last = /event: response\.failed\ndata: (?<json>.*)/.exec(await response.text());
    assert.match(last?.groups?.['json'] ?? '', /"store":false/);
  });
});

describe('a key', () => {
  it('counts in x-api-key where authorization is empty', async () => {
    const response = await fetch(`${turnpike.baseUrl}/models`, {
      headers: { authorization: '', 'x-api-key': turnpike.firstKey },
    });
    await response.arrayBuffer();
    assert.equal(response.status, 200);
  });
});

describe('every answer', () => {
  it('names its request', async () => {
    for (const path of ['/v1/status', '/healthz', '/readyz', '/openapi.json', '/docs/api']) {
      const response = await fetch(`${turnpike.origin}${path}`);
      await response.arrayBuffer();
      assert.match(response.headers.get('x-request-id') ?? '', /^req_[0-9a-f]{32}$/, path);
    }
  });

  it('tells what was ignored and repaired, of a count too', async () => {
    const counted = await ask('POST', '/v1/messages/count_tokens', {
      model: 'scripted',
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ name: 'my tool', input_schema: { type: 'object' } }],
      odd: 1,
    });
    assert.equal(counted.headers.get('turnpike-ignored'), 'odd');
    assert.match(counted.headers.get('turnpike-repaired') ?? '', /^tools\[0\]\.name: .*my_tool/);
  });

  it('is a 404 that says where to look at an address that has a slash too many', async () => {
    for (const path of ['/v1/chat/completions/', '/v1/conversations/', '/v1/v1/responses']) {
      const { status, body } = await ask('POST', path, {});
      assert.deepEqual([status, body.error.code], [404, 'unknown_url'], path);
      assert.match(body.error.message, /base URL .* \/docs\/api/);
    }
  });

  it('is a 405 at an address that only looks like an id', async () => {
    const got = await ask('GET', '/v1/responses/compact');
    assert.deepEqual([got.status, got.headers.get('allow')], [405, 'POST']);
    const removed = await ask('DELETE', '/v1/responses/input_tokens');
    assert.equal(removed.status, 405);
  });
});

describe('a model that makes embeddings', () => {
  it('claims nothing else in the catalogue, and counts no conversation', async () => {
    const response = await fetch(`${turnpike.baseUrl}/models/embedder`, {
      headers: { authorization: `Bearer ${turnpike.firstKey}` },
    });
    const { features } = Object(await response.json());
    const claimed = Object.entries(features).filter(([, can]) => can === true);
    assert.deepEqual(claimed, [['embeddings', true]]);
    const counted = await ask('POST', '/v1/responses/input_tokens', {
      model: 'embedder',
      input: 'hi',
    });
    assert.match(counted.body.error.message, /makes embeddings alone/);
  });
});

describe('a custom tool', () => {
  it('may have any name, which comes back with its calls', async () => {
    const answer = await responded({
      tools: [{ type: 'custom', name: 'my tool' }],
      tool_choice: { type: 'custom', name: 'my tool' },
      input: '[[tool=my tool:{}]]',
    });
    const known = /knows it as (?<name>\w+)/.exec(answer.headers.get('turnpike-repaired') ?? '');
    assert.match(known?.groups?.['name'] ?? '', /^my_tool/);
  });
});
