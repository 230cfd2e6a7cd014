// The suite that every store of answers passes: what a gateway may rely on, whatever keeps them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { ConversationItem, PageOf } from '../domain/stored/conversation.ts';
import { newId, newRequestId } from '../lib/ids.ts';
import type { Result } from '../lib/result.ts';
import type { ResponseStore } from './response-store.ts';

export type StoreUnderTest = AsyncDisposable & {
  readonly store: ResponseStore;
  /** A project may keep so much. */
  readonly bytesProjectMax: number;
};

function newOwner(): Owner {
  return { organisationId: newId('org'), projectId: newId('proj') };
}

function testAnswer(more: Partial<StoredAnswer> = {}): StoredAnswer {
  const id = `resp_${newRequestId(Date.now()).slice(4)}`;
  return {
    id,
    kind: 'response',
    model: 'm',
    status: 'completed',
    createdAtMs: Date.now(),
    body: `{"id":"${id}","nul":"\\u0000","lone":"\\ud800"}`,
    input: '[{"id":"msg_1","text":"in"}]',
    output: '[{"id":"msg_2","text":"out ☃"}]',
    metadata: { topic: 'toll', 'two words': '"quoted"' },
    background: false,
    ...more,
  };
}

function must<T>(result: Result<T, 'unavailable'>): T {
  assert.ok(result.ok, 'the store is there');
  return result.value;
}

function itemsOf(...ids: readonly string[]): readonly ConversationItem[] {
  return ids.map((id) => ({ id, json: JSON.stringify({ id }) }));
}

function idsOf(entries: readonly { readonly id: string }[] = []): readonly string[] {
  return entries.map(({ id }) => id);
}

const soon = (): number => Date.now() + 60_000;
const past = (): number => Date.now() - 1;
const ALL: PageOf = { limit: 100, order: 'asc' };

type Under = () => StoreUnderTest;

export function describeResponseStore(name: string, setUp: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of stored answers`, () => {
    let under: StoreUnderTest;
    before(async () => {
      under = await setUp();
    });
    after(() => under[Symbol.asyncDispose]());
    describeAnswers(() => under);
    describeChains(() => under);
    describeLists(() => under);
    describeConversations(() => under);
    describeRuns(() => under);
    describeExpiry(() => under);
  });
}

function describeAnswers(under: Under): void {
  test('what is kept is found again, byte for byte', async () => {
    const { answers } = under().store;
    const owner = newOwner();
    for (const answer of [
      testAnswer(),
      testAnswer({ kind: 'chat-completion', conversationId: 'conv_1', background: true }),
    ]) {
      assert.equal(must(await answers.keep(owner, answer, soon())), 'kept');
      assert.deepEqual(must(await answers.find(owner, answer.kind, answer.id)), answer);
    }
  });

  test('nobody else finds it, nor under another kind', async () => {
    const { answers } = under().store;
    const owner = newOwner();
    const answer = testAnswer();
    const { id } = answer;
    await answers.keep(owner, answer, soon());
    for (const other of [
      newOwner(),
      { ...owner, projectId: newId('proj') },
      { ...owner, organisationId: newId('org') },
    ]) {
      assert.equal(must(await answers.find(other, 'response', id)), undefined);
      assert.equal(must(await answers.chain(other, id)).kind, 'missing');
      assert.equal(must(await answers.setMetadata(other, 'response', id, {})), undefined);
      assert.equal(must(await answers.remove(other, 'response', id)), false);
    }
    assert.equal(must(await answers.find(owner, 'chat-completion', id)), undefined);
    assert.deepEqual(must(await answers.find(owner, 'response', id)), answer);
  });

  test('a project keeps no more than it may, and nothing is written of what is too much', async () => {
    const { store, bytesProjectMax } = under();
    const { answers } = store;
    const owner = newOwner();
    const large = () => testAnswer({ output: `["${'x'.repeat(bytesProjectMax * 0.6)}"]` });
    const [first, second] = [large(), large()];
    assert.equal(must(await answers.keep(owner, first, soon())), 'kept');
    assert.equal(must(await answers.keep(owner, second, soon())), 'full');
    assert.equal(must(await answers.find(owner, 'response', second.id)), undefined);
    assert.equal(must(await answers.keep(newOwner(), second, soon())), 'kept');
    assert.equal(must(await answers.remove(owner, 'response', first.id)), true);
    assert.equal(must(await answers.keep(owner, large(), soon())), 'kept', 'there is room again');
  });

  test('its bytes count until it is removed, with everything that belongs to it', async () => {
    const { answers, conversations, runs } = under().store;
    const owner = newOwner();
    const bytes = async () => must(await under().store.bytesOf(owner));
    assert.equal(await bytes(), 0);
    const answer = testAnswer({ output: `["${'x'.repeat(1_000)}"]` });
    await answers.keep(owner, answer, soon());
    const one = await bytes();
    assert.ok(one >= 1_000, `${one}`);
    const run = testAnswer({ background: true, status: 'queued', output: '[]' });
    await runs.begin(owner, run, soon());
    await runs.progress(run.id, { events: ['e'.repeat(500)], from: 0 });
    const conversation = { id: newId('conv'), createdAtMs: Date.now(), metadata: {} };
    await conversations.create(owner, conversation, itemsOf('a', 'b'), soon());
    assert.ok((await bytes()) > one + 500);
    await answers.remove(owner, 'response', run.id);
    await conversations.remove(owner, conversation.id);
    assert.equal(await bytes(), one);
    await answers.remove(owner, 'response', answer.id);
    assert.equal(await bytes(), 0);
  });
}

function describeChains(under: Under): void {
  test('a chain is all that a response goes on from, oldest first', async () => {
    const { answers } = under().store;
    const owner = newOwner();
    const first = testAnswer();
    const second = testAnswer({ previousId: first.id });
    const third = testAnswer({ previousId: second.id });
    const branch = testAnswer({ previousId: first.id });
    for (const answer of [first, second, third, branch]) await answers.keep(owner, answer, soon());
    const chainOf = async (id: string) => {
      const chain = must(await answers.chain(owner, id));
      return chain.kind === 'found' ? idsOf(chain.answers) : chain;
    };
    assert.deepEqual(await chainOf(third.id), [first.id, second.id, third.id]);
    assert.deepEqual(await chainOf(branch.id), [first.id, branch.id]);
    assert.deepEqual(await chainOf(first.id), [first.id]);
    assert.deepEqual(await chainOf('resp_none'), { kind: 'missing', id: 'resp_none' });
  });

  test('a chain with a gap is missing, and says where', async () => {
    const { answers } = under().store;
    const owner = newOwner();
    const [first, foreign] = [testAnswer(), testAnswer()];
    await answers.keep(owner, first, soon());
    await answers.keep(newOwner(), foreign, soon());
    for (const { id } of [first, foreign]) {
      const later = testAnswer({ previousId: id });
      await answers.keep(owner, later, soon());
      await answers.remove(owner, 'response', id);
      const gap = { kind: 'missing', id };
      assert.deepEqual(must(await answers.chain(owner, later.id)), gap);
    }
  });
}

function describeLists(under: Under): void {
  test('a list has what fits its filter, in its order, page by page', async () => {
    const { answers } = under().store;
    const owner = newOwner();
    const kind = 'chat-completion';
    const made: string[] = [];
    for (let at = 0; at < 5; at++) {
      const metadata = { side: at % 2 === 0 ? 'even' : 'odd', at: `${at}` };
      const answer = testAnswer({ kind, createdAtMs: 1_000 * at, model: `m${at}`, metadata });
      made.push(answer.id);
      await answers.keep(owner, answer, soon());
    }
    await answers.keep(owner, testAnswer(), soon());
    await answers.keep(newOwner(), testAnswer({ kind }), soon());
    const list = async (page: PageOf, filter = {}) => {
      const found = must(await answers.list(owner, kind, { metadata: {}, ...filter }, page));
      return [...idsOf(found.entries).map((id) => made.indexOf(id)), found.hasMore];
    };
    const asc = 'asc' as const;
    const [third = ''] = made.slice(2);
    assert.deepEqual(await list(ALL), [0, 1, 2, 3, 4, false]);
    assert.deepEqual(await list({ limit: 2, order: asc }), [0, 1, true]);
    assert.deepEqual(await list({ limit: 2, order: asc, after: third }), [3, 4, false]);
    assert.deepEqual(await list({ limit: 2, order: 'desc', after: third }), [1, 0, false]);
    assert.deepEqual(await list({ ...ALL, after: 'none' }), [false]);
    assert.deepEqual(await list(ALL, { metadata: { side: 'even' } }), [0, 2, 4, false]);
    assert.deepEqual(await list(ALL, { metadata: { side: 'even', at: '2' } }), [2, false]);
    assert.deepEqual(await list(ALL, { model: 'm3' }), [3, false]);
    await answers.setMetadata(owner, kind, third, { side: 'none' });
    assert.deepEqual(await list(ALL, { metadata: { side: 'even' } }), [0, 4, false]);
  });
}

function describeConversations(under: Under): void {
  const conversation = () => ({ id: newId('conv'), createdAtMs: 1_000, metadata: { a: 'b' } });

  test('a conversation has its items in the order in which they came', async () => {
    const { conversations } = under().store;
    const owner = newOwner();
    const made = conversation();
    const { id } = made;
    assert.equal(must(await conversations.create(owner, made, itemsOf('a', 'b'), soon())), 'kept');
    assert.equal(must(await conversations.add(owner, id, itemsOf('c', 'a'), soon())), 'kept');
    assert.deepEqual(must(await conversations.find(owner, id)), made);
    const list = async (page: PageOf) => {
      const found = must(await conversations.items(owner, id, page));
      return [...idsOf(found?.entries), found?.hasMore];
    };
    assert.deepEqual(await list(ALL), ['a', 'b', 'c', 'a', false]);
    assert.deepEqual(await list({ limit: 2, order: 'desc' }), ['a', 'c', true]);
    assert.deepEqual(await list({ ...ALL, after: 'b' }), ['c', 'a', false]);
    assert.deepEqual(await list({ ...ALL, before: 'c' }), ['a', 'b', false]);
    assert.deepEqual(must(await conversations.all(owner, id)), itemsOf('a', 'b', 'c', 'a'));
    assert.deepEqual(must(await conversations.item(owner, id, 'c')), itemsOf('c')[0]);
    assert.equal(must(await conversations.removeItem(owner, id, 'c')), true);
    assert.equal(must(await conversations.removeItem(owner, id, 'c')), false);
    assert.equal(must(await conversations.item(owner, id, 'c')), undefined);
    assert.deepEqual(await list(ALL), ['a', 'b', 'a', false]);
    const changed = must(await conversations.setMetadata(owner, id, { c: 'd' }));
    assert.deepEqual(changed, { ...made, metadata: { c: 'd' } });
  });

  test('an empty conversation has no items, one that is not there is not there', async () => {
    const { conversations } = under().store;
    const owner = newOwner();
    const { id } = conversation();
    await conversations.create(owner, { ...conversation(), id }, [], soon());
    assert.deepEqual(must(await conversations.items(owner, id, ALL)), {
      entries: [],
      hasMore: false,
    });
    assert.deepEqual(must(await conversations.all(owner, id)), []);
    const stranger = newOwner();
    assert.equal(must(await conversations.find(stranger, id)), undefined);
    assert.equal(must(await conversations.items(stranger, id, ALL)), undefined);
    assert.equal(must(await conversations.all(stranger, id)), undefined);
    assert.equal(must(await conversations.add(stranger, id, itemsOf('a'), soon())), 'missing');
    assert.equal(must(await conversations.setMetadata(stranger, id, {})), undefined);
    assert.equal(must(await conversations.remove(stranger, id)), false);
    assert.equal(must(await conversations.remove(owner, id)), true);
    assert.equal(must(await conversations.find(owner, id)), undefined);
  });

  test('answers add to it side by side and lose nothing; to one that is gone they add nothing', async () => {
    const { answers, conversations } = under().store;
    const owner = newOwner();
    const made = conversation();
    const { id: conversationId } = made;
    await conversations.create(owner, made, [], soon());
    const pairs = Array.from({ length: 12 }, (_, at) => [`in_${at}`, `out_${at}`] as const);
    await Promise.all(
      pairs.map((pair) =>
        answers.keep(owner, testAnswer({ conversationId }), soon(), itemsOf(...pair)),
      ),
    );
    const said = idsOf(must(await conversations.items(owner, conversationId, ALL))?.entries);
    assert.equal(said.length, 24);
    for (const [asked, answered] of pairs) {
      assert.equal(said.indexOf(answered), said.indexOf(asked) + 1, 'a turn stays together');
    }
    await conversations.remove(owner, conversationId);
    const late = testAnswer({ conversationId });
    assert.equal(must(await answers.keep(owner, late, soon(), itemsOf('late'))), 'kept');
    const foreign = testAnswer({ conversationId });
    await conversations.create(newOwner(), made, [], soon());
    await answers.keep(owner, foreign, soon(), itemsOf('foreign'));
    assert.equal(must(await conversations.all(owner, conversationId)), undefined);
  });
}

function describeRuns(under: Under): void {
  const queued = () => testAnswer({ status: 'queued', background: true, output: '[]' });

  test('a run has its events in order, and its end with the last of them', async () => {
    const { answers, runs } = under().store;
    const owner = newOwner();
    const run = queued();
    assert.equal(must(await runs.begin(owner, run, soon())), 'kept');
    const begun = { ...run, status: 'in_progress' as const };
    const go = { answer: begun, events: ['0', '1'], from: 0 };
    assert.equal(must(await runs.progress(run.id, go)), 'go on');
    assert.equal(must(await runs.progress(run.id, { events: ['2'], from: 2 })), 'go on');
    assert.deepEqual(must(await answers.find(owner, 'response', run.id)), begun);
    const read = async (seen: number, limit = 100) =>
      must(await runs.events(owner, run.id, seen, limit));
    assert.deepEqual(await read(-1), { events: ['0', '1', '2'], ended: false });
    const done = { ...run, status: 'completed' as const, output: '["said"]' };
    await runs.progress(run.id, { answer: done, events: ['3'], from: 3 });
    assert.deepEqual(await read(1), { events: ['2', '3'], ended: true });
    assert.deepEqual(await read(-1, 2), { events: ['0', '1'], ended: false });
    assert.deepEqual(await read(9), { events: [], ended: true });
    assert.deepEqual(must(await answers.find(owner, 'response', run.id)), done);
    assert.equal(must(await runs.events(newOwner(), run.id, -1, 9)), undefined);
    assert.equal(must(await runs.progress(run.id, { events: ['4'], from: 4 })), 'lost');
  });

  test('its end goes into its conversation', async () => {
    const { conversations, runs } = under().store;
    const owner = newOwner();
    const conversation = { id: newId('conv'), createdAtMs: 0, metadata: {} };
    await conversations.create(owner, conversation, [], soon());
    const run = { ...queued(), conversationId: conversation.id };
    await runs.begin(owner, run, soon());
    const done = { ...run, status: 'completed' as const };
    await runs.progress(run.id, { answer: done, events: [], from: 0, said: itemsOf('a', 'b') });
    assert.deepEqual(must(await conversations.all(owner, conversation.id)), itemsOf('a', 'b'));
  });

  test('who runs it hears that it is not wanted any more', async () => {
    const { answers, runs } = under().store;
    const owner = newOwner();
    const [wanted, cancelled, deleted] = [queued(), queued(), queued()];
    const ids = idsOf([wanted, cancelled, deleted]);
    for (const run of [wanted, cancelled, deleted]) await runs.begin(owner, run, soon());
    assert.deepEqual(must(await runs.unwanted(ids)), []);
    assert.equal(must(await runs.cancel(newOwner(), cancelled.id)), undefined);
    assert.deepEqual(must(await runs.cancel(owner, cancelled.id)), cancelled);
    await answers.remove(owner, 'response', deleted.id);
    assert.deepEqual(must(await runs.unwanted(ids)).toSorted(), ids.slice(1).toSorted());
    const nothing = { events: [], from: 0 };
    assert.equal(must(await runs.progress(wanted.id, nothing)), 'go on');
    assert.equal(must(await runs.progress(cancelled.id, nothing)), 'cancel');
    assert.equal(must(await runs.progress(deleted.id, nothing)), 'gone');
  });

  test('what nobody runs is found, with how far it had come', async () => {
    const { runs } = under().store;
    const owner = newOwner();
    const [mine, left] = [queued(), queued()];
    for (const run of [mine, left]) {
      await runs.begin(owner, run, soon());
      await runs.progress(run.id, { events: ['0', '1'], from: 0 });
    }
    const orphans = must(await runs.orphans([mine.id]));
    assert.equal(
      orphans.find(({ answer }) => answer.id === mine.id),
      undefined,
    );
    const found = orphans.find(({ answer }) => answer.id === left.id);
    assert.deepEqual(found, { owner, answer: left, events: 2 });
    const failed = { ...left, status: 'failed' as const };
    await runs.progress(left.id, { answer: failed, events: ['2'], from: 2 });
    const later = must(await runs.orphans([mine.id]));
    assert.equal(
      later.find(({ answer }) => answer.id === left.id),
      undefined,
    );
  });
}

function describeExpiry(under: Under): void {
  test('what has expired is not found, and removed; what is leaned on stays as long', async () => {
    const { answers, conversations } = under().store;
    const { store } = under();
    const owner = newOwner();
    const old = testAnswer();
    const leanedOn = testAnswer();
    const later = testAnswer({ previousId: leanedOn.id });
    const conversation = { id: newId('conv'), createdAtMs: 0, metadata: {} };
    await answers.keep(owner, old, past());
    await answers.keep(owner, leanedOn, past());
    await answers.keep(owner, later, soon());
    await conversations.create(owner, conversation, itemsOf('a'), past());
    for (const { id } of [old, leanedOn]) {
      assert.equal(must(await answers.find(owner, 'response', id)), undefined);
      assert.equal(must(await answers.chain(owner, id)).kind, 'missing');
    }
    assert.equal(must(await conversations.find(owner, conversation.id)), undefined);
    assert.equal(must(await conversations.all(owner, conversation.id)), undefined);
    assert.ok(must(await store.removeExpired()) >= 2);
    assert.equal(must(await answers.chain(owner, later.id)).kind, 'found');
    await answers.remove(owner, 'response', later.id);
    await store.removeExpired();
    assert.equal(must(await store.bytesOf(owner)), 0);
  });
}
