// OpenAI's published OpenAPI document as a judge of bodies and events. The document is not ours to keep: a developer
// fetches it (github.com/openai/openai-openapi) and says where it is with TURNPIKE_OPENAI_SPEC.

import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Json = { [key: string]: unknown };
type Property = { enum?: unknown[]; items?: { allOf?: unknown[] } };
type Schema = Json & { properties?: { [name: string]: Property } };
type Operation = {
  responses: { [status: string]: { content?: { [type: string]: { schema?: Json } } } };
};
type Paths = { [path: string]: { [method: string]: Operation } };
type Components = { schemas: { [name: string]: Schema } };

export class PublishedSchemas {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #paths: Paths;
  /** By the event's type: an error against a union of 58 says nothing. */
  readonly #events = new Map<unknown, string>();

  constructor(path: string) {
    // `as` because it is the document that everybody gets, and a wrong one fails at once.
    const { components, paths } = JSON.parse(readFileSync(path, 'utf8')) as {
      components: Components;
      paths: Paths;
    };
    this.#paths = paths;
    patch(components);
    this.#ajv.addSchema({ $id: 'oai', components });
    for (const [name, { properties }] of Object.entries(components.schemas)) {
      const [type] = properties?.['type']?.enum ?? [];
      if (type !== undefined && /^Response\w+Event$/.test(name)) this.#events.set(type, name);
    }
  }

  /** What is wrong with an event of a Responses stream. */
  eventProblems(event: unknown): string[] {
    const type =
      typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
    const schema = this.#events.get(type);
    return schema === undefined
      ? [`no event is called ${String(type)}`]
      : this.problems(schema, event);
  }

  /** What is wrong with the answer of an address; `/v1` is no part of the document's. */
  answerProblems(method: string, route: string, answer: unknown): string[] {
    const path = route.replace(/^\/v1/, '');
    const operation = this.#paths[path]?.[method.toLowerCase()];
    if (operation === undefined) return [`no ${method} ${path} is known`];
    const { '200': good, '201': made } = operation.responses;
    const schema = (good ?? made)?.content?.['application/json']?.schema?.['$ref'];
    // A deletion has no schema of its own.
    if (typeof schema !== 'string') return [];
    return this.problems(schema.slice(schema.lastIndexOf('/') + 1), answer);
  }

  /** What is wrong with a value by the named schema; empty when nothing is. */
  problems(schema: string, value: unknown): string[] {
    const validate = this.#compiled.get(schema) ?? this.#compile(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
    );
  }

  #compile(schema: string): ValidateFunction {
    const validate = this.#ajv.compile({ $ref: `oai#/components/schemas/${schema}` });
    this.#compiled.set(schema, validate);
    return validate;
  }
}

/** Where the document and OpenAI's own servers differ, the servers are right. */
function patch(components: Components): void {
  nullables(components);
  const { schemas } = components;
  const allowNull = (name: string, ...path: readonly string[]): void => {
    let place: Json | undefined = schemas[name];
    // `as` because each step of the path is an object of the document.
    for (const step of path.slice(0, -1)) place = place?.[step] as Json | undefined;
    const last = path.at(-1) ?? '';
    if (place?.[last] !== undefined) place[last] = { anyOf: [place[last], { type: 'null' }] };
  };
  allowNull('Response', 'allOf', '2', 'properties', 'usage');
  allowNull('CreateChatCompletionStreamResponse', 'properties', 'usage');
  for (const name of ['CreateChatCompletionResponse', 'CreateChatCompletionStreamResponse']) {
    allowNull(name, 'properties', 'system_fingerprint');
  }
  allowNull('TextResponseFormatJsonSchema', 'properties', 'description');
  // The document's own example has a user's message there, without a refusal.
  const listed = schemas['ChatCompletionMessageList']?.properties?.['data'];
  const [, added] = listed?.items?.allOf ?? [];
  if (listed?.items !== undefined) listed.items.allOf = [{ required: ['role', 'content'] }, added];
  const choice = ['properties', 'choices', 'items', 'properties'];
  allowNull('CreateChatCompletionStreamResponse', ...choice, 'finish_reason');
}

/** `nullable` is not a word of JSON Schema 2020-12. */
function nullables(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  // `as` because what is neither null nor a scalar is an object or a list.
  const node = value as Json;
  for (const inner of Object.values(node)) nullables(inner);
  if (node['nullable'] === undefined) return;
  const nullable = node['nullable'] === true;
  delete node['nullable'];
  if (!nullable || node['type'] === undefined) return;
  const { enum: values } = node;
  if (Array.isArray(values)) values.push(null);
  node['type'] = [...new Set([node['type'], 'null'].flat())];
}
