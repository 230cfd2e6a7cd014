// A conversation that was begun on one protocol goes on on each other: the answers are those of our own encoders, the
// client writes down what it has in the other protocol's words, and whatever both have words for arrives as it was.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Content, ContentPart } from '../domain/generation/content.ts';
import type { Item } from '../domain/generation/generation.ts';
import type { Part } from '../domain/generation/part.ts';
import { NO_USAGE } from '../domain/generation/usage.ts';
import { DIALECTS, expressible, type Dialect, type Wire } from './conversation-wire.fixture.ts';

type Call = { readonly name: string; readonly input: object; readonly result: Content };
type Turn = {
  readonly system: string | undefined;
  readonly asked: Content;
  readonly thought: string;
  readonly said: string;
  readonly calls: readonly Call[];
};

const RUNS = 100;

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const base64 = fc
  .uint8Array({ minLength: 1, maxLength: 9 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));
const name = fc.option(fc.constantFrom('a.pdf', 'Grüße "1"'), { nil: undefined });
const named = (given: string | undefined) => (given === undefined ? {} : { name: given });
const text: fc.Arbitrary<ContentPart> = words.map((said) => ({ kind: 'text', text: said }));
const image: fc.Arbitrary<ContentPart> = fc
  .tuple(base64, fc.constantFrom(undefined, 'low', 'high'), fc.boolean())
  .map(([data, detail, far]) => ({
    kind: 'image',
    source: far
      ? { kind: 'url', url: 'https://example.test/a.png' }
      : { kind: 'inline', mediaType: 'image/png', base64: data },
    ...(detail !== undefined && { detail }),
  }));
const document: fc.Arbitrary<ContentPart> = fc.oneof(
  fc.tuple(base64, name).map(([data, given]): ContentPart => ({
    kind: 'document',
    source: { kind: 'inline', mediaType: 'application/pdf', base64: data },
    ...named(given),
  })),
  fc.tuple(words, name).map(([said, given]): ContentPart => ({
    kind: 'document',
    source: { kind: 'text', text: said },
    ...named(given),
  })),
);
const content = (part: fc.Arbitrary<ContentPart>): fc.Arbitrary<Content> =>
  fc.array(part, { minLength: 1, maxLength: 3 });
const call: fc.Arbitrary<Call> = fc.record({
  name: fc.constantFrom('look', 'find'),
  input: fc.dictionary(
    fc.constantFrom('a', 'b', 'deep'),
    fc.oneof(words, fc.integer(), fc.boolean()),
  ),
  result: content(fc.oneof(text, image)),
});
const turn: fc.Arbitrary<Turn> = fc
  .record({
    system: fc.option(words, { nil: undefined }),
    asked: content(fc.oneof(text, image, document)),
    thought: fc.oneof(fc.constant(''), words),
    said: fc.oneof(fc.constant(''), words),
    calls: fc.array(call, { maxLength: 3 }),
  })
  // An answer says something or calls something.
  .map((made) => (made.said === '' && made.calls.length === 0 ? { ...made, said: 'Yes.' } : made));
const conversation = fc.array(turn, { minLength: 1, maxLength: 4 });

/** What the engine says in this turn. */
function partsOf({ thought, said, calls }: Turn, callIds: readonly string[]): readonly Part[] {
  const parts: Part[] = [];
  if (thought !== '') parts.push({ kind: 'reasoning-delta', text: thought });
  if (said !== '') parts.push({ kind: 'text-delta', text: said });
  for (const [index, { name: tool, input }] of calls.entries()) {
    const id = callIds[index] ?? '';
    parts.push(
      { kind: 'tool-call-start', index, callId: id, name: tool },
      { kind: 'tool-call-delta', index, arguments: JSON.stringify(input) },
      { kind: 'tool-call-end', index },
    );
  }
  return parts;
}

/** As the engine and the user had it, without any protocol. */
function itemsOf(turns: readonly Turn[]): readonly Item[] {
  const said = turns.flatMap((one, at) => [
    ...beforeAnswer(one),
    ...answerItems(one, at),
    ...results(one, at),
  ]);
  return [...said, NEXT];
}

/** What the user says next: Anthropic's answers follow a user's message. */
const NEXT: Item = {
  kind: 'message',
  role: 'user',
  content: [{ kind: 'text', text: 'Go on.' }],
};

function beforeAnswer({ system, asked }: Turn): readonly Item[] {
  const told: Item[] =
    system === undefined
      ? []
      : [{ kind: 'message', role: 'system', content: [{ kind: 'text', text: system }] }];
  return [...told, { kind: 'message', role: 'user', content: asked }];
}

function answerItems({ thought, said, calls }: Turn, at: number): readonly Item[] {
  const items: Item[] = [];
  if (thought !== '') items.push({ kind: 'reasoning', text: thought });
  if (said !== '') {
    items.push({ kind: 'message', role: 'assistant', content: [{ kind: 'text', text: said }] });
  }
  for (const [index, { name: tool, input }] of calls.entries()) {
    const json = JSON.stringify(input);
    items.push({ kind: 'tool-call', callId: callId(at, index), name: tool, arguments: json });
  }
  return items;
}

function results({ calls }: Turn, at: number): readonly Item[] {
  return calls.map(({ result }, index) => ({
    kind: 'tool-result',
    callId: callId(at, index),
    content: result,
  }));
}

function callId(turnAt: number, index: number): string {
  return `call_${turnAt}_${index}`;
}

function decode(dialect: Dialect, wire: readonly object[]) {
  const decoded = dialect.protocol.decode(dialect.body(wire), {});
  assert.ok(decoded.ok, JSON.stringify([decoded, wire]));
  return decoded.value;
}

/** The client's record of a conversation that it had on this protocol, with the answers as our encoders wrote them. */
function held(dialect: Dialect, turns: readonly Turn[]): readonly object[] {
  const wire: object[] = [];
  for (const [at, one] of turns.entries()) {
    wire.push(...dialect.render(beforeAnswer(one)));
    const facts = {
      requestId: `req_${at}`,
      model: 'm',
      createdAtSeconds: 0,
      delivery: 'whole',
    } as const;
    const encoder = decode(dialect, wire).encoder(facts);
    encoder.parts(
      partsOf(
        one,
        one.calls.map((_, index) => callId(at, index)),
      ),
    );
    const reason = one.calls.length > 0 ? 'tool-calls' : 'stop';
    const body = encoder.finish({ reason, usage: NO_USAGE, atSeconds: 0 });
    const answer: Wire = JSON.parse(body);
    wire.push(...dialect.replay(answer), ...dialect.render(results(one, at)));
  }
  return [...wire, ...dialect.render([NEXT])];
}

/** Turns of one role in a row are one message for Anthropic, so they are for this comparison. */
function merged(items: readonly Item[]): readonly Item[] {
  const all: Item[] = [];
  for (const item of items) {
    const last = all.at(-1);
    const joins = item.kind === 'message' && last?.kind === 'message' && item.role === last.role;
    if (!joins) all.push(item);
    else all.splice(-1, 1, { ...last, content: seamless([...last.content, ...item.content]) });
  }
  return all.map((item) =>
    item.kind === 'message' ? { ...item, content: seamless(item.content) } : item,
  );
}

/** Texts that stand side by side as one, whatever space a protocol puts between them. */
function seamless(parts: Content): Content {
  const all: ContentPart[] = [];
  for (const part of parts) {
    const last = all.at(-1);
    if (part.kind === 'text' && last?.kind === 'text') {
      all.splice(-1, 1, { kind: 'text', text: `${last.text}${part.text}` });
    } else all.push(part);
  }
  return all.map((part) =>
    part.kind === 'text' ? { ...part, text: part.text.replaceAll('\n\n', '') } : part,
  );
}

for (const first of DIALECTS) {
  describe(`a conversation begun on ${first.protocol.name}`, () => {
    it('is what was said, when it comes back', () => {
      fc.assert(
        fc.property(conversation, (turns) => {
          // Each protocol seals in its own way, and the client sends that back: asked about below.
          const { items } = decode(first, held(first, turns)).generation;
          const unsealed = items.map((item) =>
            item.kind === 'reasoning' ? { kind: item.kind, text: item.text } : item,
          );
          assert.deepEqual(
            merged(expressible(unsealed, [first])),
            merged(expressible(itemsOf(turns), [first])),
          );
        }),
        { numRuns: RUNS },
      );
    });

    for (const second of DIALECTS.filter((dialect) => dialect !== first)) {
      it(`goes on on ${second.protocol.name}`, () => {
        fc.assert(
          fc.property(conversation, (turns) => {
            const { items } = decode(first, held(first, turns)).generation;
            const both = [first, second];
            const carried = decode(second, second.render(expressible(items, both))).generation
              .items;
            assert.deepEqual(merged(expressible(carried, both)), merged(expressible(items, both)));
          }),
          { numRuns: RUNS },
        );
      });
    }
  });
}

describe('a conversation by hand, with all there is', () => {
  const PNG = { kind: 'inline', mediaType: 'image/png', base64: 'AAAA' } as const;
  const ITEMS: readonly Item[] = [
    { kind: 'message', role: 'system', content: [{ kind: 'text', text: 'Be brief.' }] },
    {
      kind: 'message',
      role: 'user',
      content: [
        { kind: 'text', text: 'See' },
        { kind: 'image', source: PNG, detail: 'high' },
      ],
    },
    { kind: 'reasoning', text: 'Hm.', sealed: { form: 'signature', data: 'of Anthropic' } },
    { kind: 'reasoning', text: '', sealed: { form: 'redacted', data: 'also' } },
    {
      kind: 'reasoning',
      text: '',
      summary: ['So.'],
      sealed: { form: 'encrypted', data: 'of OpenAI' },
    },
    { kind: 'message', role: 'assistant', content: [{ kind: 'text', text: 'I look.' }] },
    { kind: 'tool-call', callId: 'c1', name: 'look', arguments: '{"at":1}' },
    { kind: 'tool-call', callId: 'c2', name: 'find', arguments: '{}' },
    { kind: 'tool-result', callId: 'c1', content: [{ kind: 'image', source: PNG }] },
    { kind: 'tool-result', callId: 'c2', content: [{ kind: 'text', text: 'gone' }], isError: true },
    { kind: 'message', role: 'system', content: [{ kind: 'text', text: 'Be quick.' }] },
    { kind: 'message', role: 'user', content: [{ kind: 'text', text: 'And?' }] },
  ];

  for (const dialect of DIALECTS) {
    it(`keeps on ${dialect.protocol.name} all that it has words for`, () => {
      const own = expressible(ITEMS, [dialect]);
      const { items } = decode(dialect, dialect.render(own)).generation;
      assert.deepEqual(expressible(items, [dialect]), own);
    });
  }

  it('has what is sealed where its maker reads it', () => {
    const sealed = DIALECTS.map(
      (dialect) => expressible(ITEMS, [dialect]).filter((item) => 'sealed' in item).length,
    );
    assert.deepEqual(sealed, [0, 1, 2]);
  });
});
