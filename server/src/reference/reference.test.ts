// The document is whole, says nothing of what does not exist, and the page shows it without help from elsewhere.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { PROTOCOLS } from '../protocols/registry.ts';
import { openApiDocument } from './document.ts';
import { referencePage } from './page.ts';
import { OPERATIONS } from './public-operations.ts';
import { schemaText } from './schema-text.ts';

const document = openApiDocument('1.2.3');

describe('the OpenAPI document', () => {
  it('has every address of every protocol', () => {
    const paths = new Set(Object.keys(document.paths));
    for (const { route, counting, resources = [] } of PROTOCOLS) {
      for (const { method, path } of resources) {
        const operations = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')] ?? {};
        assert.ok(method.toLowerCase() in operations, `${method} ${path}`);
      }
      assert.ok(paths.has(route.path), route.path);
      if (counting !== undefined) assert.ok(paths.has(counting.path), counting.path);
    }
  });

  it('refers only to schemas that it has, and each of them compiles', () => {
    const { schemas } = document.components;
    const text = JSON.stringify(document);
    const named = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(
      ([, name]) => name ?? '',
    );
    assert.ok(named.length > 10);
    for (const name of named) assert.ok(schemas[name] !== undefined, name);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const schema of Object.values(schemas)) ajv.compile(schema);
  });

  it('accepts its own examples, and no request without its required fields', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    for (const { id, request } of OPERATIONS) {
      if (request === undefined) continue;
      const validate = ajv.compile(document.components.schemas[request.name] ?? {});
      assert.ok(validate(request.example), `${id}: ${JSON.stringify(validate.errors)}`);
      // A conversation may begin with nothing.
      assert.equal(validate({}), id === 'createConversation', `${id} would accept anything`);
    }
  });

  it('has the query of each list, and the body of whatever takes one', () => {
    const parametersOf = (id: string): readonly string[] => {
      const { path = '', method = 'get' } = OPERATIONS.find((one) => one.id === id) ?? {};
      const operation: unknown = document.paths[path]?.[method];
      assert.ok(typeof operation === 'object' && operation !== null && 'parameters' in operation);
      const { parameters } = operation;
      assert.ok(Array.isArray(parameters));
      return parameters.map((one: { readonly name: string }) => one.name);
    };
    assert.deepEqual(parametersOf('getResponse'), ['id', 'stream', 'starting_after']);
    assert.ok(parametersOf('listChatCompletions').includes('metadata'));
    for (const { id, method, request } of OPERATIONS) {
      const isBare = method !== 'post' || id === 'cancelResponse';
      assert.equal(request === undefined, isBare, id);
    }
  });

  it('says of every field what it does', () => {
    for (const { id, request } of OPERATIONS) {
      for (const [field, { effect, text }] of Object.entries(request?.fields ?? {})) {
        assert.ok(text.length > 1, `${id}, ${field}: ${effect}, and then?`);
      }
    }
  });
});

describe('the page', () => {
  const page = referencePage(document, 'http://127.0.0.1:8080');

  it('needs nothing from elsewhere', () => {
    assert.doesNotMatch(page, /<script|<link|<img|@import|url\(/);
    assert.doesNotMatch(page, /(?:src|href)="https?:/);
  });

  it('shows every operation and every field', () => {
    for (const { id, path, request } of OPERATIONS) {
      assert.ok(page.includes(`<section id="${id}">`), id);
      assert.ok(page.includes(path), path);
      for (const field of Object.keys(
        document.components.schemas[request?.name ?? '']?.['properties'] ?? {},
      )) {
        assert.ok(page.includes(`<code>${field}</code>`), `${id}: ${field}`);
      }
    }
  });

  it('asks with the method of the address, for an id of its kind', () => {
    assert.match(page, /responses\/resp_… \\\n {2}-X DELETE/);
    assert.match(page, /resp_…\/cancel \\\n {2}-X POST/);
    assert.match(page, /conversations\/conv_…\/items\/msg_…/);
  });

  it('shows what a client sends as its host as text', () => {
    assert.ok(!referencePage(document, 'http://<b>x').includes('<b>x'));
  });
});

describe('a schema in words', () => {
  const cases: readonly (readonly [object, string])[] = [
    [{ type: ['boolean', 'null'] }, 'true or false or null'],
    [{ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER }, 'whole number from 1'],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 1 }, 'number above 0 to 1'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'text or null'],
    [{ enum: ['a', 'b'] }, '"a" or "b"'],
    [{ type: 'array', items: { type: 'string' } }, 'list of text'],
    [{}, 'anything'],
  ];
  for (const [schema, words] of cases) {
    it(words, () => assert.equal(schemaText({ ...schema }), words));
  }
});
