// The start screen: where the API is, what it serves, and something to paste that works.

import { formatDollars } from '../domain/money/nano.ts';
import type { ModelPrice } from '../domain/pricing/price-book.ts';
import { paint } from './terminal.ts';

export type StartFacts = {
  readonly version: string;
  /** Up to and including the version: `http://127.0.0.1:8080/v1`. */
  readonly baseUrl: string;
  readonly elapsedSeconds: string;
  readonly dataDirectory: string;
  readonly models: readonly ShownModel[];
  /** Only on the first start: the key is stored nowhere and shown once. */
  readonly firstKey?: string;
};

export type ShownModel = {
  readonly id: string;
  readonly contextTokensMax: number;
  readonly price?: ModelPrice;
};

/** What is served and where. */
export function startFacts(facts: StartFacts): string {
  const { version, elapsedSeconds, baseUrl, models, firstKey, dataDirectory } = facts;
  return [
    '',
    `  ${paint(['bold', 'cyan'], 'Turnpike')} ${version} ${paint('dim', `ready in ${elapsedSeconds} s`)}`,
    '',
    row('Base URL', paint('bold', baseUrl)),
    ...models.map((model, index) => row(index === 0 ? 'Models' : '', modelLine(model))),
    row('Key', keyLine(firstKey)),
    row('Data', dataDirectory),
    '',
  ].join('\n');
}

/** Something to paste, and how to go on. The last line is the sign that the start is over. */
export function startSnippets(facts: StartFacts): string {
  const key = facts.firstKey ?? '$TURNPIKE_API_KEY';
  return [
    `  ${paint('bold', 'curl')}`,
    '',
    indent(curl(facts, key)),
    '',
    `  ${paint('bold', 'JavaScript')} ${paint('dim', '(npm install openai)')}`,
    '',
    indent(javascript(facts, facts.firstKey)),
    '',
    `  ${paint('dim', 'Stop with Ctrl-C. More: npm run turnpike -- --help')}`,
    '',
  ].join('\n');
}

function row(name: string, value: string): string {
  return `  ${paint('dim', name.padEnd(10))}${value}`;
}

function modelLine({ id, contextTokensMax, price }: ShownModel): string {
  const context = `context ${contextTokensMax.toLocaleString('en')} tokens`;
  if (price === undefined)
    return `${id}  ${paint('yellow', `${context} · no price, so not for sale yet`)}`;
  // Embeddings have no output.
  const out = price.output === 0n ? '' : `, ${formatDollars(price.output)} out`;
  const prices = `${formatDollars(price.input)} in${out} per million tokens`;
  return `${paint('bold', id)}  ${paint('dim', `${context} · ${prices}`)}`;
}

function keyLine(firstKey: string | undefined): string {
  if (firstKey === undefined) return paint('dim', 'npm run turnpike -- keys create');
  return `${paint('bold', firstKey)}  ${paint('yellow', 'shown once: keep it')}`;
}

/** One that goes through a shell as it stands, on one screen width. */
function curl({ baseUrl, models }: StartFacts, key: string): string {
  return [
    `curl ${baseUrl}/chat/completions \\`,
    `  -H "Authorization: Bearer ${key}" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '{"model":"${models[0]?.id ?? ''}","messages":[{"role":"user","content":"What is Turnpike?"}]}'`,
  ].join('\n');
}

function javascript({ baseUrl, models }: StartFacts, firstKey: string | undefined): string {
  const key = firstKey === undefined ? 'process.env.TURNPIKE_API_KEY' : `'${firstKey}'`;
  return [
    `import OpenAI from 'openai';`,
    `const client = new OpenAI({`,
    `  baseURL: '${baseUrl}',`,
    `  apiKey: ${key},`,
    `});`,
    `const stream = await client.chat.completions.create({`,
    `  model: '${models[0]?.id ?? ''}', stream: true,`,
    `  messages: [{ role: 'user', content: 'What is Turnpike?' }],`,
    `});`,
    `for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');`,
  ].join('\n');
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
