// Requests that are almost right, made from right ones and a seed: values, keys, bytes, headers, methods and addresses are
// changed, one or a few at a time.

/** Mulberry32: the same numbers everywhere for a seed. */
export function chanceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export type FuzzedRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer | undefined;
};

type Json = unknown;
type Seed = { readonly path: string; readonly body: Json };

const question = { role: 'user', content: 'What does it cost? [[tokens=3]]' };
const schema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
  additionalProperties: false,
};
const image = { url: 'data:image/png;base64,iVBORw0KGgo=' };

const SEEDS: readonly Seed[] = [
  { path: '/v1/chat/completions', body: { model: 'priced', messages: [question], stream: true } },
  {
    path: '/v1/chat/completions',
    body: {
      model: 'priced',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'hi [[tokens=2]]' }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
        question,
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: schema, strict: true } }],
      tool_choice: 'auto',
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
      temperature: 0.5,
      stop: ['x'],
      max_completion_tokens: 20,
      metadata: { a: 'b' },
    },
  },
  {
    path: '/v1/chat/completions',
    body: {
      model: 'free',
      messages: [{ role: 'user', content: [{ type: 'image_url', image_url: image }] }],
    },
  },
  { path: '/v1/responses', body: { model: 'priced', input: 'hi [[tokens=3]]', store: false } },
  {
    path: '/v1/responses',
    body: {
      model: 'priced',
      stream: true,
      store: false,
      instructions: 'Be brief.',
      input: [
        question,
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [],
          content: [{ type: 'reasoning_text', text: 'hm' }],
        },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: 'done' },
      ],
      tools: [
        { type: 'function', name: 'f', parameters: schema, strict: false },
        { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'g' }] },
        { type: 'web_search' },
      ],
      tool_choice: { type: 'function', name: 'f' },
      text: { format: { type: 'text' } },
      reasoning: { effort: 'low' },
      max_output_tokens: 32,
    },
  },
  {
    path: '/v1/messages',
    body: { model: 'priced', max_tokens: 20, messages: [question], stream: true },
  },
  {
    path: '/v1/messages',
    body: {
      model: 'priced',
      max_tokens: 20,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      messages: [
        question,
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't1', name: 'f', input: { city: 'x' } }],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 't1', content: 'done' },
            { type: 'text', text: 'go on [[tokens=2]]' },
          ],
        },
      ],
      tools: [{ name: 'f', input_schema: schema }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 2_048 },
      stop_sequences: ['END'],
      metadata: { user_id: 'u' },
    },
  },
  { path: '/v1/messages/count_tokens', body: { model: 'priced', messages: [question] } },
  {
    path: '/v1/messages',
    body: {
      model: 'priced',
      max_tokens: 20,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral', ttl: '1h' } }] }],
      tools: [
        { type: 'bash_20250124', name: 'bash' },
        { type: 'computer_20251124', name: 'computer', display_width_px: 9, display_height_px: 9 },
        { type: 'web_search_20250305', name: 'web_search', cache_control: { type: 'ephemeral', ttl: '5m' } },
      ],
      tool_choice: { type: 'tool', name: 'bash' },
      output_config: { effort: 'max' },
    },
  },
  {
    path: '/v1/chat/completions',
    body: {
      model: 'priced',
      messages: [question],
      tools: [{ type: 'custom', custom: { name: 'c', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } } } }],
      n: 2,
      logprobs: true,
      top_logprobs: 2,
      logit_bias: { 5: 1 },
    },
  },
  { path: '/v1/completions', body: { model: 'priced', prompt: ['a', 'b'], echo: true, n: 2, stream: true } },
  { path: '/v1/completions', body: { model: 'priced', prompt: [[72, 105], [33]], logprobs: 1, best_of: 1 } },
  { path: '/v1/embeddings', body: { model: 'given', input: ['a', 'b'], encoding_format: 'base64' } },
  { path: '/v1/embeddings', body: { model: 'given', input: [[1, 2], [3]], dimensions: 4 } },
  { path: '/v1/responses/input_tokens', body: { model: 'priced', input: [question], tools: [] } },
  { path: '/v1/responses/compact', body: { model: 'priced', input: [question], instructions: 'x' } },
  { path: '/v1/conversations', body: { metadata: { a: 'b' }, items: [{ type: 'message', ...question }] } },
  { path: '/v1/models', body: undefined },
]; // prettier-ignore

const PATHS = [
  ...new Set(SEEDS.map(({ path }) => path)),
  '/v1/models/priced',
  '/v1/key',
  '/v1/requests/req_00000000000000000000000000000000',
  '/v1/organization/usage/completions?start_time=x&bucket_width=1d',
  '/v1/organizations/cost_report?starting_at=2026-13-40',
  '/v1/status',
  '/healthz',
  '/readyz',
  '/v1/responses/resp_00000000000000000000000000000000',
  '/v1/responses/resp_00000000000000000000000000000000/cancel',
  '/v1/conversations/conv_0/items',
  '/v1/chat/completions/x?a[]=1',
  '/v1/../v1/models',
  '/%ff%00',
  '/api/hello',
  '/',
];
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
const ODD: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  0.1,
  2 ** 53,
  '',
  'x',
  '\u0000',
  '\ud800',
  '🙂'.repeat(20),
  'a'.repeat(70_000),
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { type: 'x' },
  { type: 'text' },
  { toString: 1 },
  'priced',
  'unpriced',
  { $ref: '#' },
  '[[tool=f:{}]]',
  '[[reasoning=3 tokens=2]]',
  'data:;base64,',
  'http://127.0.0.1:1/x.png',
];
const KEYS = [
  'type',
  'role',
  'content',
  'text',
  'name',
  'id',
  'tools',
  'stream',
  'model',
  'input',
  'strict',
  'parameters',
  '__proto__',
  'constructor',
  'toString',
  '',
  'metadata',
  'service_tier',
  'seed',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'modalities',
  'previous_response_id',
  'conversation',
  'include',
  'truncation',
  'container',
  'mcp_servers',
  'top_k',
  'speed',
];
const HEADER_CHANGES: readonly (readonly [string, string])[] = [
  ['content-type', 'text/plain'],
  ['content-type', 'application/json; charset=utf-16'],
  ['content-type', 'application/x-json+json'],
  ['content-encoding', 'gzip'],
  ['authorization', 'Bearer'],
  ['authorization', 'Bearer sk-tp-x'],
  ['authorization', 'Basic eA=='],
  ['x-api-key', 'x'],
  ['anthropic-version', '2026-10-21'],
  ['anthropic-version', 'no'],
  ['anthropic-beta', 'a,b,'.repeat(200)],
  ['accept', '*/*'],
  ['x-request-id', 'a'.repeat(2_000)],
  ['idempotency-key', 'k'],
  ['upgrade', 'websocket'],
  ['range', 'bytes=0-1'],
  ['x-forwarded-for', '1'],
  ['cookie', 'a=b'],
  ['expect', 'nothing'],
];

export function fuzzedRequest(chance: () => number, key: string): FuzzedRequest {
  const of = <T>(choices: readonly T[], otherwise: T): T =>
    choices[Math.floor(chance() * choices.length)] ?? otherwise;
  const seed = of(SEEDS, { path: '/', body: {} });
  let json: Json = structuredClone(seed.body);
  for (let left = Math.floor(chance() * 4); left > 0; left--) json = mutated(json, chance, of);
  let body: Buffer | undefined = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
  if (body !== undefined && chance() < 0.2) body = withOddBytes(body, chance);
  const headers: { [name: string]: string } = {
    'content-type': 'application/json',
    authorization: `Bearer ${key}`,
  };
  if (chance() < 0.2) {
    const [name, value] = of(HEADER_CHANGES, ['accept', '*/*']);
    headers[name] = value;
  }
  const path = chance() < 0.1 ? of(PATHS, '/') : seed.path;
  const method = chance() < 0.08 ? of(METHODS, 'GET') : body === undefined ? 'GET' : 'POST';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return { method, path, headers, body: hasBody ? body : undefined };
}

/** A frame for a WebSocket: a Responses request in its envelope, changed like any other. */
export function fuzzedFrame(chance: () => number): Buffer {
  const bodies = SEEDS.filter(({ path }) => path === '/v1/responses');
  const of = <T>(choices: readonly T[], otherwise: T): T =>
    choices[Math.floor(chance() * choices.length)] ?? otherwise;
  const { body } = of(bodies, { path: '/', body: {} });
  const around: readonly object[] = [
    {},
    {},
    { stream_id: 'lane' },
    { generate: false },
    { generate: true, stream_id: '' },
  ];
  let json: Json = { type: 'response.create', ...structuredClone(Object(body)), ...of(around, {}) };
  for (let left = Math.floor(chance() * 4); left > 0; left--) json = mutated(json, chance, of);
  const frame = Buffer.from(JSON.stringify(json) ?? '');
  return chance() < 0.1 ? withOddBytes(frame, chance) : frame;
}

type Of = <T>(choices: readonly T[], otherwise: T) => T;

/** Walks down to somewhere and changes what stands there. */
function mutated(json: Json, chance: () => number, of: Of): Json {
  if (typeof json !== 'object' || json === null || chance() < 0.08) return of(ODD, null);
  if (Array.isArray(json)) {
    const items: readonly Json[] = json;
    const at = Math.floor(chance() * items.length);
    const pick = chance();
    if (items.length === 0 || pick < 0.1) return [...items, of(ODD, null)];
    if (pick < 0.2) return items.filter((_, index) => index !== at);
    if (pick < 0.3) return [...items, ...items];
    return items.map((item, index) => (index === at ? mutated(item, chance, of) : item));
  }
  const entries: readonly (readonly [string, Json])[] = Object.entries(json);
  const at = Math.floor(chance() * entries.length);
  const pick = chance();
  // Not by assignment: keys are odd.
  if (entries.length === 0 || pick < 0.15) {
    return Object.fromEntries([...entries, [of(KEYS, 'x'), of(ODD, null)]]);
  }
  if (pick < 0.25) return Object.fromEntries(entries.filter((_, index) => index !== at));
  return Object.fromEntries(
    entries.map(([name, value], index) => [
      index === at && pick > 0.95 ? of(KEYS, 'x') : name,
      index === at ? mutated(value, chance, of) : value,
    ]),
  );
}

function withOddBytes(body: Buffer, chance: () => number): Buffer {
  const at = Math.floor(chance() * body.length);
  const pick = chance();
  if (pick < 0.3) return body.subarray(0, at);
  const odd = Buffer.from([Math.floor(chance() * 256)]);
  if (pick < 0.6) return Buffer.concat([body.subarray(0, at), odd, body.subarray(at + 1)]);
  if (pick < 0.8) return Buffer.concat([body.subarray(0, at), odd, body.subarray(at)]);
  if (pick < 0.9) return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body]);
  return Buffer.concat([body, body]);
}
