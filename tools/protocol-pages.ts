// The pages of docs/protocols, one for each protocol, field by field: made of the schemas that requests are checked with
// and of the notes beside them. `node tools/protocol-pages.ts` writes them; docs.test.ts fails when they are behind.

import { writeFileSync } from 'node:fs';
import { openApiDocument, describe, type Schema } from '../server/src/reference/document.ts';
import type { FieldNote } from '../server/src/reference/field-note.ts';
import type { Operation } from '../server/src/reference/operation.ts';
import { OPERATIONS } from '../server/src/reference/public-operations.ts';
import { schemaText } from '../server/src/reference/schema-text.ts';
import { ROOT } from './tidy/project-files.ts';

const PAGES: {
  readonly [path: string]: { readonly title: string; readonly ids: readonly string[] };
} = {
  'docs/protocols/chat-completions.md': {
    title: 'Chat Completions, field by field',
    ids: ['createChatCompletion'],
  },
  'docs/protocols/responses.md': {
    title: 'Responses, field by field',
    ids: ['createResponse', 'countResponseTokens', 'compactResponse'],
  },
  'docs/protocols/messages.md': {
    title: 'Messages, field by field',
    ids: ['createMessage', 'countMessageTokens'],
  },
};

const EFFECTS: readonly (readonly [FieldNote['effect'], string])[] = [
  ['acts', 'Fields that do what they say'],
  ['narrow', 'Fields of which only some values are served'],
  ['accepted', 'Fields that are accepted and change nothing'],
];

/** Path and text of every page. */
export function protocolPages(): ReadonlyMap<string, string> {
  const { schemas } = openApiDocument('').components;
  return new Map(
    Object.entries(PAGES).map(([path, { title, ids }]) => {
      const operations = OPERATIONS.filter(({ id }) => ids.includes(id));
      const sections = operations.map((operation) => sectionOf(operation, schemas));
      return [path, `# ${title}\n\n${INTRODUCTION}\n\n${sections.join('\n\n')}\n`];
    }),
  );
}

const INTRODUCTION = `Made from the schemas that requests are checked with, by \`tools/protocol-pages.ts\`: change those and the notes in
\`server/src/reference\`, not this page. What goes beyond single fields is in [api.md](../api.md), errors are in
[errors.md](../errors.md), and the server shows the same as a page at \`/docs/api\` and for machines at \`/openapi.json\`.`;

function sectionOf(operation: Operation, schemas: { readonly [name: string]: Schema }): string {
  const { method, path, description, request, answer } = operation;
  const fields = request === undefined ? [] : fieldsOf(schemas[request.name], request.fields);
  const tables = EFFECTS.flatMap(([effect, heading]) => {
    const rows = fields.filter(({ note }) => note.effect === effect);
    return rows.length === 0 ? [] : [`### ${heading}\n\n${tableOf(rows)}`];
  });
  const said = Object.entries(propertiesOf(schemas[answer.name])).map(
    ([name, schema]) => `| \`${name}\` | ${cell(schemaText(schema))} | ${cell(textOf(schema))} |`,
  );
  return [
    `## \`${method.toUpperCase()} ${path}\``,
    description,
    ...tables,
    `### The answer\n\n| Member | Form | |\n|---|---|---|\n${said.join('\n')}`,
  ].join('\n\n');
}

type Row = { readonly name: string; readonly schema: Schema; readonly note: FieldNote };

function fieldsOf(
  schema: Schema | undefined,
  notes: { readonly [field: string]: FieldNote },
): readonly Row[] {
  return Object.entries(propertiesOf(schema)).flatMap(([name, inner]) => {
    const note = notes[name];
    return note === undefined ? [] : [{ name, schema: inner, note }];
  });
}

function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, schema, note }) => {
    const text = note.effect === 'narrow' ? describe(note) : note.text;
    return `| \`${name}\` | ${cell(schemaText(schema))} | ${cell(text)} |`;
  });
  return `| Field | Form | |\n|---|---|---|\n${lines.join('\n')}`;
}

function propertiesOf(schema: Schema | undefined): { readonly [name: string]: Schema } {
  // `as` because the schema of an object has its properties there.
  return (schema?.['properties'] ?? {}) as { readonly [name: string]: Schema };
}

function textOf({ description }: Schema): string {
  return typeof description === 'string' ? description : '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) {
  for (const [path, text] of protocolPages()) writeFileSync(`${ROOT}${path}`, text);
}
