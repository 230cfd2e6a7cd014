// Everything that the three protocols say, held against what others say it is: the official clients' types, the order
// of events in recorded streams, and, where TURNPIKE_OPENAI_SPEC names it, OpenAI's published document.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Turnpike } from '../e2e/turnpike.ts';
import { startConformanceServer } from './conformance-server.ts';
import { CLIENTS, installClients } from './installed-clients.ts';
import { assertChatOrder, assertMessagesOrder, assertResponsesOrder } from './wire/order.ts';
import { PublishedSchemas } from './wire/published.ts';
import { isBroken, isRefused, questionsOf, type Kind } from './wire/questions.ts';
import { jsonOf, record, type Recording } from './wire/recording.ts';
import { playReports } from './wire/reports.ts';
import { playRoutes, type Answered } from './wire/routes.ts';
import { typedSource } from './wire/typed.ts';

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
const SPEC = process.env['TURNPIKE_OPENAI_SPEC'];
/** The names in our own document. */
const OURS = {
  chat: { answer: 'ChatCompletion', event: 'ChatCompletionChunk', error: 'OpenAiError' },
  responses: { answer: 'Response', event: 'ResponseEvent', error: 'OpenAiError' },
  messages: { answer: 'Message', event: 'MessageEvent', error: 'AnthropicError' },
} as const;
const KINDS: readonly Kind[] = ['chat', 'responses', 'messages'];

describe('what is said on the wire', () => {
  let turnpike: Turnpike;
  const said = new Map<Kind, readonly Recording[]>();
  let routes: readonly Answered[] = [];
  before(async () => {
    [turnpike] = await Promise.all([startConformanceServer(), installClients()]);
    for (const kind of KINDS) {
      const asked = questionsOf(kind).map((one) => record(turnpike.origin, turnpike.firstKey, one));
      said.set(kind, await Promise.all(asked));
    }
    routes = [
      ...(await playRoutes(turnpike.origin, turnpike.firstKey)),
      ...(await playReports(turnpike)),
    ];
  });
  after(() => turnpike?.[Symbol.asyncDispose]());

  const of = (kind: Kind): readonly Recording[] => said.get(kind) ?? [];
  const answered = (kind: Kind): readonly Recording[] =>
    of(kind).filter(({ status }) => status === 200);

  for (const kind of KINDS) {
    it(`${kind}: refusals come before the first byte, all else is answered`, () => {
      assert.ok(of(kind).length > 20, 'too little was asked');
      for (const { name, status, whole } of of(kind)) {
        const fails = isRefused(name) || (isBroken(name) && name.endsWith('whole'));
        assert.equal(status === 200, !fails, `${name}: HTTP ${status} ${JSON.stringify(whole)}`);
      }
    });

    it(`${kind}: the official client's types accept every body and event`, () => {
      const unbroken = answered(kind).filter(({ name }) => !isBroken(name));
      assert.equal(complaints(kind, unbroken), '');
    });
  }

  it('a body with a member too few or one too many is found', () => {
    const [one] = answered('chat');
    assert.ok(one !== undefined && typeof one.whole === 'object');
    const more = { ...one, whole: { ...one.whole, surprise: 1 } };
    assert.match(complaints('chat-more', [more], 'chat'), /surprise/);
    const less = { ...one, whole: { ...one.whole, id: undefined } };
    assert.match(complaints('chat-less', [less], 'chat'), /'id' is missing/);
  });
  it('chat: chunks come in order', () => {
    for (const recording of streamed(answered('chat'))) {
      if (!isBroken(recording.name)) assertChatOrder(recording);
    }
  });

  it('messages: events come in order', () => {
    for (const recording of streamed(answered('messages'))) {
      if (!isBroken(recording.name)) assertMessagesOrder(recording);
    }
  });

  it('responses: events come in order', () => {
    for (const recording of streamed(answered('responses'))) {
      assertResponsesOrder(recording, isBroken(recording.name));
    }
  });

  it('a stream that breaks says so in the words of its protocol', () => {
    const last = (kind: Kind): unknown =>
      jsonOf(of(kind).find(({ name }) => name === 'broken, streamed') ?? NOTHING).at(-1);
    assert.match(JSON.stringify(last('chat')), /^\{"error":\{"message":".+","type":"server_error"/);
    assert.match(
      JSON.stringify(last('messages')),
      /^\{"type":"error","error":\{"type":"api_error"/,
    );
    assert.match(JSON.stringify(last('responses')), /^\{"type":"response.failed"/);
  });

  it('our own document has every other address with its answer, and each was asked', async () => {
    const document = await ourDocument(turnpike.origin);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...document, $id: 'ours' });
    const asked = new Set(routes.map(({ method, route }) => operationKey(method, route)));
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    for (const { path, method } of operations) {
      const isOfOpenAi =
        path.startsWith('/v1/') &&
        !/messages$|count_tokens|status$|^\/v1\/(?:organizations\/|requests\/|key$)/.test(path);
      if (!isOfOpenAi && !path.startsWith('/v1/chat/')) continue;
      assert.ok(asked.has(operationKey(method, path)), `nobody asked ${method} ${path}`);
    }
    for (const { method, route, body } of routes) {
      const key = operationKey(method, route);
      const ours = operations.find((one) => operationKey(one.method, one.path) === key);
      const schema = ours?.operation.responses['200']?.content?.['application/json']?.schema;
      assert.ok(schema !== undefined, `${key} is not documented`);
      const validate = ajv.compile(toOurs(schema));
      assert.ok(validate(body), `${key}: ${JSON.stringify(validate.errors)}`);
    }
  });

  it('our own document, at /openapi.json, accepts every body and event', async () => {
    const document = await ourDocument(turnpike.origin);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...document, $id: 'ours' });
    const judge = (schema: string, name: string, json: unknown): void => {
      const validate = ajv.compile({ $ref: `ours#/components/schemas/${schema}` });
      assert.ok(validate(json), `${name}: ${JSON.stringify(validate.errors)}`);
    };
    for (const kind of KINDS) {
      const { answer, event, error } = OURS[kind];
      for (const one of of(kind)) {
        if (one.whole !== undefined)
          judge(one.status === 200 ? answer : error, one.name, one.whole);
        else if (!isBroken(one.name)) for (const json of jsonOf(one)) judge(event, one.name, json);
      }
    }
  });

  it(
    "OpenAI's published document accepts every body and event",
    { skip: SPEC === undefined && 'TURNPIKE_OPENAI_SPEC names no document' },
    () => {
      const published = new PublishedSchemas(SPEC ?? '');
      const wrong = new Set<string>();
      const judge = (schema: string, name: string, json: unknown): void => {
        for (const problem of published.problems(schema, json)) wrong.add(`${name}: ${problem}`);
      };
      for (const one of answered('chat').filter(({ name }) => !isBroken(name))) {
        if (one.whole !== undefined) judge('CreateChatCompletionResponse', one.name, one.whole);
        for (const json of jsonOf(one)) judge('CreateChatCompletionStreamResponse', one.name, json);
      }
      for (const one of answered('responses')) {
        if (one.whole !== undefined) judge('Response', one.name, one.whole);
        for (const json of jsonOf(one)) {
          for (const problem of published.eventProblems(json)) wrong.add(`${one.name}: ${problem}`);
        }
      }
      for (const { method, route, body } of routes) {
        for (const problem of published.answerProblems(method, route, body)) {
          wrong.add(`${method} ${route}: ${problem}`);
        }
      }
      assert.deepEqual([...wrong], []);
    },
  );
});

type OurDocument = {
  readonly components: object;
  readonly paths: { readonly [path: string]: { readonly [method: string]: OurOperation } };
};
type OurOperation = {
  readonly responses: {
    readonly [status: string]: {
      readonly content?: { readonly [type: string]: { readonly schema?: object } };
    };
  };
};

async function ourDocument(origin: string): Promise<OurDocument> {
  const response = await fetch(`${origin}/openapi.json`);
  return (await response.json()) as OurDocument; // what it holds is what the tests find out
}

/** With references as they are from outside the document. */
function toOurs(schema: object): object {
  const text = JSON.stringify(schema).replaceAll('"$ref":"#/', '"$ref":"ours#/');
  return JSON.parse(text) as object; // what was written the line before
}

/** Whatever the parameters of a path are called. */
function operationKey(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, '{}')}`;
}

/** What the compiler says of answers that are declared to be what the official client says they are. */
function complaints(
  name: string,
  recordings: readonly Recording[],
  kind: Kind = name as Kind, // the name of a kind where no other is given
): string {
  const folder = join(CLIENTS, 'build');
  const file = join(folder, `${name}.ts`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, typedSource(kind, recordings));
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  const args = [TSC, '--ignoreConfig', ...flags, '--pretty', 'false', file];
  return spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout;
}

const NOTHING: Recording = {
  name: 'nothing',
  path: '',
  status: 0,
  answerHeaders: new Headers(),
  whole: undefined,
  events: [],
};

function streamed(recordings: readonly Recording[]): readonly Recording[] {
  const streams = recordings.filter(({ events }) => events.length > 0);
  assert.ok(streams.length > 5, 'too few streams');
  return streams;
}
