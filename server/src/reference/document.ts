// The OpenAPI 3.1 document, made of the same schemas that requests are checked with.

import { z } from 'zod';
import { anthropicError, openAiError } from './answer-schemas.ts';
import type { FieldNote } from './field-note.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './public-operations.ts';

export type Schema = { readonly [keyword: string]: unknown };

export type OpenApiDocument = {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: object } };
  readonly components: { readonly schemas: { readonly [name: string]: Schema } };
};

export function openApiDocument(version: string): OpenApiDocument {
  const schemas: { [name: string]: Schema } = {
    OpenAiError: schemaOf(openAiError, 'output'),
    AnthropicError: schemaOf(anthropicError, 'output'),
  };
  const paths: { [path: string]: { [method: string]: object } } = {};
  for (const operation of OPERATIONS) {
    const { request, answer, event } = operation;
    if (request !== undefined) {
      schemas[request.name] = withNotes(schemaOf(request.schema, 'input'), request.fields);
    }
    schemas[answer.name] = schemaOf(answer.schema, 'output');
    if (event !== undefined) schemas[event.name] = schemaOf(event.schema, 'output');
    paths[operation.path] = { ...paths[operation.path], [operation.method]: bodyOf(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Turnpike', version, description: DESCRIPTION },
    tags: [...new Set(OPERATIONS.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { ...SECURITY, schemas },
  };
}

const DESCRIPTION =
  'Models behind the three protocols that existing clients speak. Point a client at this address and give it a key.';

const SECURITY = {
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer' },
    xApiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
  },
};

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

/** What a field does stands in its description; a field without effect says so. */
function withNotes(schema: Schema, fields: { readonly [field: string]: FieldNote }): Schema {
  // `as` because the schema of an object has its properties there.
  const properties = (schema['properties'] ?? {}) as { readonly [field: string]: Schema };
  const noted = Object.entries(properties).map(([field, inner]) => {
    const note = fields[field];
    return [field, note === undefined ? inner : { description: describe(note), ...inner }] as const;
  });
  return { ...schema, properties: Object.fromEntries(noted) };
}

const EFFECT = {
  acts: '',
  narrow: 'Served with these values only: ',
  accepted: 'Accepted and without effect. ',
} as const;

export function describe({ effect, text }: FieldNote): string {
  return `${EFFECT[effect]}${text}`.trim();
}

function bodyOf(operation: Operation): object {
  const { id, tag, summary, description, request, answer, event, error, needsKey } = operation;
  const ok = {
    description: 'The answer.',
    content: {
      'application/json': { schema: reference(answer.name) },
      ...(event && { 'text/event-stream': { itemSchema: reference(event.name), schema: EVENTS } }),
    },
  };
  const refused = {
    description: 'Why not.',
    content: { 'application/json': { schema: reference(error) } },
  };
  return {
    operationId: id,
    tags: [tag],
    summary,
    description,
    security: needsKey ? [{ bearer: [] }, { xApiKey: [] }] : [],
    ...parametersOf(operation),
    ...(request && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: reference(request.name), example: request.example },
        },
      },
    }),
    responses: { '200': ok, default: refused },
  };
}

const EVENTS = { type: 'string', description: 'Server-sent events; each one’s data is JSON.' };

function parametersOf({ path, query = {} }: Operation): {
  readonly parameters?: readonly object[];
} {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    description,
    schema,
    // `metadata[topic]=toll`
    ...(schema.type === 'object' && { style: 'deepObject', explode: true }),
  }));
  const parameters = [...inPath, ...inQuery];
  return parameters.length === 0 ? {} : { parameters };
}

function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
