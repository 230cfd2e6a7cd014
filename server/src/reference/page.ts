// The API reference as one page of HTML that needs nothing else: no script, no font, no other server.

import { describe, type OpenApiDocument, type Schema } from './document.ts';
import type { FieldNote } from './field-note.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS } from './public-operations.ts';
import { schemaText } from './schema-text.ts';

export function referencePage(document: OpenApiDocument, baseUrl: string): string {
  const { title, version, description } = document.info;
  const { schemas } = document.components;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} API reference</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<nav aria-label="Operations">
<a class="brand" href="#top">${title}<span>API ${escape(version)}</span></a>
${navigation()}
<p class="aside"><a href="/openapi.json">openapi.json</a></p>
</nav>
<main id="top">
<header>
<h1>API reference</h1>
<p>${prose(description)}</p>
${KEY_NOTE}
</header>
${OPERATIONS.map((operation) => section(operation, schemas, baseUrl)).join('\n')}
</main>
</body>
</html>
`;
}

const KEY_NOTE = `<p>A key goes into <code>Authorization: Bearer sk-tp-…</code> or, bare, into <code>x-api-key</code>. OpenAI’s clients
take the base URL with <code>/v1</code>, Anthropic’s without. Every answer names its request in <code>x-request-id</code>.</p>`;

function navigation(): string {
  const tags = [...new Set(OPERATIONS.map(({ tag }) => tag))];
  return tags
    .map((tag) => {
      const links = OPERATIONS.filter((operation) => operation.tag === tag).map(
        ({ id, method, summary }) =>
          `<li><a href="#${id}"><b class="${method}">${method}</b>${escape(summary)}</a></li>`,
      );
      return `<h2>${escape(tag)}</h2><ul>${links.join('')}</ul>`;
    })
    .join('\n');
}

function section(
  operation: Operation,
  schemas: { readonly [name: string]: Schema },
  baseUrl: string,
): string {
  const { id, method, path, summary, description, query, request, answer, event, error } =
    operation;
  const shown = (name: string, heading: string): string =>
    `<h3>${heading}</h3>${answerTable(schemas[name] ?? {})}`;
  return `<section id="${id}">
<h2>${escape(summary)}</h2>
<p class="address"><b class="${method}">${method}</b><code>${escape(path)}</code></p>
<p>${prose(description)}</p>
<div class="example">${example(operation, baseUrl)}</div>
${query === undefined ? '' : `<h3>Query</h3>${answerTable({ properties: query })}`}
${request === undefined ? '' : `<h3>Request</h3>${requestTable(schemas[request.name] ?? {}, request.fields)}`}
${shown(answer.name, 'Answer')}
${event === undefined ? '' : shown(event.name, 'Events of a stream')}
<p class="aside">Errors are of the form <code>${error}</code>, with a status, a code and one sentence that says what to do.</p>
</section>`;
}

function example({ method, path, request, needsKey, tag }: Operation, baseUrl: string): string {
  const lines = [
    `curl ${baseUrl}${path.replace('{id}', idIn(path)).replace('{item}', 'msg_…')}`,
    ...(method === 'delete' || (method === 'post' && request === undefined)
      ? [`  -X ${method.toUpperCase()}`]
      : []),
    ...(needsKey ? ['  -H "Authorization: Bearer $TURNPIKE_API_KEY"'] : []),
    ...(tag === 'Messages' ? ['  -H "anthropic-version: 2023-06-01"'] : []),
    ...(request !== undefined ? ['  -H "Content-Type: application/json"'] : []),
    ...(request === undefined ? [] : [`  -d '${JSON.stringify(request.example, undefined, 2)}'`]),
  ];
  return `<pre><code>${escape(lines.join(' \\\n'))}</code></pre>`;
}

/** Ids tell by their beginning what they are of. */
const IDS = new Map([
  ['models', 'turnpike-mini'],
  ['responses', 'resp_…'],
  ['conversations', 'conv_…'],
  ['chat', 'chatcmpl-…'],
]);

function idIn(path: string): string {
  const [, , kind = ''] = path.split('/');
  return IDS.get(kind) ?? '…';
}

function requestTable(schema: Schema, notes: { readonly [field: string]: FieldNote }): string {
  const required = requiredOf(schema);
  const rows = propertiesOf(schema).map(([field, inner]) => {
    const note = notes[field];
    const mark = note === undefined || note.effect === 'acts' ? '' : `<i>${MARK[note.effect]}</i>`;
    const must = required.has(field) ? '<i class="must">required</i>' : '';
    const text = note === undefined ? '' : prose(describe(note));
    const form = `<span class="form">${escape(schemaText(inner))}</span>`;
    return `<tr class="${note?.effect ?? 'acts'}"><th scope="row"><code>${escape(field)}</code>${must}${mark}</th><td>${form}${text}${inside(inner)}</td></tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

const MARK = { narrow: 'some values', accepted: 'no effect' } as const;

function answerTable(schema: Schema): string {
  const rows = propertiesOf(schema).map(([field, inner]) => {
    const { description } = inner;
    const text = typeof description === 'string' ? prose(description) : '';
    const form = `<span class="form">${escape(schemaText(inner))}</span>`;
    return `<tr><th scope="row"><code>${escape(field)}</code></th><td>${form}${text}${inside(inner)}</td></tr>`;
  });
  return `<table>${rows.join('')}</table>`;
}

/** What is in a member, to be opened. */
function inside(schema: Schema): string {
  const { items, anyOf } = schema;
  const choices: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  const places: readonly unknown[] = [schema, items, ...choices];
  const deeper = places.find((one) => propertiesOf(one).length > 0);
  if (deeper === undefined) return '';
  return `<details><summary>its members</summary>${answerTable(asSchema(deeper))}</details>`;
}

function propertiesOf(schema: unknown): readonly (readonly [string, Schema])[] {
  const { properties } = asSchema(schema);
  return Object.entries(asSchema(properties)).map(([name, inner]) => [name, asSchema(inner)]);
}

function requiredOf({ required }: Schema): ReadonlySet<unknown> {
  return new Set(Array.isArray(required) ? required : []);
}

function asSchema(value: unknown): Schema {
  // `as` because every object can be read as one.
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}

/** Markdown's back-quotes, and nothing else of it. */
function prose(text: string): string {
  return escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
