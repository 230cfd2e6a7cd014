// What a coding agent sends in the middle of its work: 100 kB of system prompt, tools, and a long tool loop, the same
// conversation in the words of each protocol.

export const DIALECTS = ['openai-chat', 'openai-responses', 'anthropic-messages'] as const;
export type Dialect = (typeof DIALECTS)[number];

const PROMPT_BYTES = 100_000;
const TOOLS = 40;
const TURNS = 24;
const MODEL = 'bench-model';

const SENTENCE =
  'Read the file before you change it, keep the change small, and say "done" in one line when the tests pass.\n';

/** The request as JSON, within a few per cent of 100 kB. */
export function agentPrompt(dialect: Dialect): string {
  const bare = JSON.stringify(BODIES[dialect](''));
  const missing = Math.max(0, PROMPT_BYTES - bare.length);
  const perTurn = Math.floor(missing / TURNS);
  // Escapes take room: a newline in every sentence.
  const text = SENTENCE.repeat(Math.ceil(perTurn / (SENTENCE.length + 3)));
  return JSON.stringify(BODIES[dialect](text));
}

const BODIES: { readonly [dialect in Dialect]: (text: string) => object } = {
  'openai-chat': (text) => ({
    model: MODEL,
    stream: true,
    messages: [
      { role: 'system', content: SENTENCE.repeat(20) },
      { role: 'user', content: 'Mend the gate.' },
      ...turns((id, command) => [
        { role: 'assistant', content: 'Looking.', tool_calls: [chatCall(id, command)] },
        { role: 'tool', tool_call_id: id, content: text },
      ]),
    ],
    tools: tools((name, description, parameters) => ({
      type: 'function',
      function: { name, description, parameters },
    })),
    max_completion_tokens: 4096,
  }),
  'openai-responses': (text) => ({
    model: MODEL,
    stream: true,
    store: false,
    instructions: SENTENCE.repeat(20),
    input: [
      { role: 'user', content: 'Mend the gate.' },
      ...turns((id, command) => [
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'Looking.' }],
        },
        { type: 'function_call', call_id: id, name: 'tool_0', arguments: command },
        { type: 'function_call_output', call_id: id, output: text },
      ]),
    ],
    tools: tools((name, description, parameters) => ({
      type: 'function',
      name,
      description,
      parameters,
      strict: false,
    })),
    max_output_tokens: 4096,
  }),
  'anthropic-messages': (text) => ({
    model: MODEL,
    stream: true,
    system: [{ type: 'text', text: SENTENCE.repeat(20), cache_control: { type: 'ephemeral' } }],
    messages: [
      { role: 'user', content: 'Mend the gate.' },
      ...turns((id, command) => [
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Looking.' },
            { type: 'tool_use', id, name: 'tool_0', input: inputOf(command) },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: text }] },
      ]),
    ],
    tools: tools((name, description, input_schema) => ({ name, description, input_schema })),
    max_tokens: 4096,
  }),
};

function inputOf(command: string): unknown {
  return JSON.parse(command);
}

function chatCall(id: string, command: string): object {
  return { id, type: 'function', function: { name: 'tool_0', arguments: command } };
}

function turns(turn: (id: string, command: string) => readonly object[]): object[] {
  return Array.from({ length: TURNS }, (_, at) =>
    turn(`call_${at}`, JSON.stringify({ path: `src/gate-${at}.ts`, line: at })),
  ).flat();
}

function tools(
  tool: (name: string, description: string, parameters: object) => object,
): readonly object[] {
  return Array.from({ length: TOOLS }, (_, at) =>
    tool(`tool_${at}`, `Does thing ${at} to a file, and says what came of it. ${SENTENCE}`, {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Where the file is, from the root.' },
        line: { type: 'integer', minimum: 0 },
        mode: { type: 'string', enum: ['read', 'write', 'append'] },
        options: {
          type: 'object',
          properties: {
            recursive: { type: 'boolean' },
            globs: { type: 'array', items: { type: 'string' } },
          },
          additionalProperties: false,
        },
      },
      required: ['path'],
      additionalProperties: false,
    }),
  );
}
