// One request for each form that an answer can have, in each protocol; the scripted engine makes the answers.

import type { Question } from './recording.ts';

const MODEL = 'scripted';
const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const CALLS = '[[tool=weather:{"city":"Lisbon"}]] [[tool=weather:{"city":"Porto"}]]';

/** What is asked of every protocol: a prompt, and what goes beside it in all three. */
const PROMPTS = {
  text: 'one two three [[tokens=3]]',
  nothing: '[[tokens=0]]',
  reasoning: '[[reasoning=2 tokens=2]]',
  'reasoning alone': '[[reasoning=2 tokens=0]]',
  calls: CALLS,
  'reasoning and calls': `[[reasoning=2]] ${CALLS}`,
  cut: '[[tokens=50]]',
  filtered: '[[tokens=3 finish=content-filter]]',
  stopped: '[[stopped-by=END]]',
  json: '[[echo]] {"city":"Lisbon"}',
  broken: '[[error-after=3]]',
  'broken while thinking': '[[reasoning=5]] [[error-after=3]]',
} as const;
const REFUSED = {
  'context too long': '[[fail=context]]',
  overloaded: '[[fail=429]]',
  failed: '[[fail=500]]',
} as const;

type Prompt = keyof typeof PROMPTS | keyof typeof REFUSED;

function chat(prompt: string, name: Prompt): object {
  const parameters = SCHEMA;
  return {
    model: MODEL,
    messages: [{ role: 'user', content: prompt }],
    max_completion_tokens: 20,
    ...(name.includes('calls') && {
      tools: [{ type: 'function', function: { name: 'weather', parameters } }],
    }),
    ...(name === 'stopped' && { stop: ['END'] }),
    ...(name === 'json' && {
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: SCHEMA } },
    }),
  };
}

function responses(prompt: string, name: Prompt): object {
  return {
    model: MODEL,
    input: prompt,
    instructions: 'Be brief.',
    max_output_tokens: 20,
    metadata: { a: 'b' },
    ...(name.includes('calls') && {
      tools: [{ type: 'function', name: 'weather', parameters: SCHEMA, strict: false }],
    }),
    ...(name === 'json' && {
      text: { format: { type: 'json_schema', name: 'a', schema: SCHEMA, strict: true } },
    }),
  };
}

function messages(prompt: string, name: Prompt): object {
  return {
    model: MODEL,
    messages: [{ role: 'user', content: prompt }],
    max_tokens: 20,
    thinking: { type: 'adaptive' },
    ...(name.includes('calls') && { tools: [{ name: 'weather', input_schema: SCHEMA }] }),
    ...(name === 'stopped' && { stop_sequences: ['END'] }),
    ...(name === 'json' && { output_config: { format: { type: 'json_schema', schema: SCHEMA } } }),
  };
}

const VERSIONED = { 'anthropic-version': '2026-10-21' };

export type Kind = 'chat' | 'responses' | 'messages';

const ADDRESSES = {
  chat: { path: '/v1/chat/completions', body: chat, headers: {} },
  responses: { path: '/v1/responses', body: responses, headers: {} },
  messages: { path: '/v1/messages', body: messages, headers: VERSIONED },
} as const;

/** Every prompt, whole and streamed. */
export function questionsOf(kind: Kind): readonly Question[] {
  const { path, body, headers } = ADDRESSES[kind];
  const prompts = Object.entries({ ...PROMPTS, ...REFUSED });
  return prompts.flatMap(([name, prompt]) => {
    // `as` because Object.entries forgets which names there are.
    const request = body(prompt, name as Prompt);
    const usage = kind === 'chat' && { stream_options: { include_usage: true } };
    return [
      { name: `${name}, whole`, path, headers, body: request },
      { name: `${name}, streamed`, path, headers, body: { ...request, stream: true, ...usage } },
    ];
  });
}

export function isRefused(name: string): boolean {
  return Object.keys(REFUSED).some((refused) => name.startsWith(refused));
}

export function isBroken(name: string): boolean {
  return name.startsWith('broken');
}
