// The suite that every store of answers passes: what a gateway may rely on, whatever keeps them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Owner, StoredAnswer } from '../domain/stored/answer.ts';
import { newId, newRequestId } from '../lib/ids.ts';
import type { Result } from '../lib/result.ts';
import type { ResponseStore } from './response-store.ts';

export type StoreUnderTest = AsyncDisposable & {
  readonly store: ResponseStore;
  /** A project may keep so much. */
  readonly bytesProjectMax: number;
};

export function newOwner(): Owner {
  return { organisationId: newId('org'), projectId: newId('proj') };
}

export function testAnswer(more: Partial<StoredAnswer> = {}): StoredAnswer {
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

export function must<T>(result: Result<T, 'unavailable'>): T {
  assert.ok(result.ok, 'the store is there');
  return result.value;
}

const soon = (): number => Date.now() + 60_000;

export function describeResponseStore(name: string, setUp: () => Promise<StoreUnderTest>): void {
  describe(`${name} keeps the contract of stored answers`, () => {
    let under: StoreUnderTest;
    before(async () => {
      under = await setUp();
    });
    after(() => under[Symbol.asyncDispose]());
    describeAnswers(() => under);
    describeChains(() => under);
  });
}

function describeAnswers(under: () => StoreUnderTest): void {
  test('what is kept is found again, byte for byte', async () => {
    const { store } = under();
    const owner = newOwner();
    for (const answer of [
      testAnswer(),
      testAnswer({ kind: 'chat-completion', conversationId: 'conv_1', background: true }),
    ]) {
      assert.equal(must(await store.keep(owner, answer, soon())), 'kept');
      assert.deepEqual(must(await store.answer(owner, answer.kind, answer.id)), answer);
    }
  });

  test('nobody else finds it, nor under another kind', async () => {
    const { store } = under();
    const owner = newOwner();
    const answer = testAnswer();
    await store.keep(owner, answer, soon());
    for (const other of [
      newOwner(),
      { ...owner, projectId: newId('proj') },
      { ...owner, organisationId: newId('org') },
    ]) {
      assert.equal(must(await store.answer(other, 'response', answer.id)), undefined);
      assert.equal(must(await store.chain(other, answer.id)).kind, 'missing');
    }
    assert.equal(must(await store.answer(owner, 'chat-completion', answer.id)), undefined);
  });

  test('what has expired is not found', async () => {
    const { store } = under();
    const owner = newOwner();
    const answer = testAnswer();
    await store.keep(owner, answer, Date.now() - 1);
    assert.equal(must(await store.answer(owner, 'response', answer.id)), undefined);
    assert.equal(must(await store.chain(owner, answer.id)).kind, 'missing');
  });

  test('a project keeps no more than it may, and nothing is written of what is too much', async () => {
    const { store, bytesProjectMax } = under();
    const owner = newOwner();
    const large = () => testAnswer({ output: `["${'x'.repeat(bytesProjectMax * 0.6)}"]` });
    const [first, second] = [large(), large()];
    assert.equal(must(await store.keep(owner, first, soon())), 'kept');
    assert.equal(must(await store.keep(owner, second, soon())), 'full');
    assert.equal(must(await store.answer(owner, 'response', second.id)), undefined);
    assert.equal(must(await store.keep(newOwner(), second, soon())), 'kept');
  });
}

function describeChains(under: () => StoreUnderTest): void {
  test('a chain is all that a response goes on from, oldest first', async () => {
    const { store } = under();
    const owner = newOwner();
    const first = testAnswer();
    const second = testAnswer({ previousId: first.id });
    const third = testAnswer({ previousId: second.id });
    const branch = testAnswer({ previousId: first.id });
    for (const answer of [first, second, third, branch]) await store.keep(owner, answer, soon());
    const idsOf = async (id: string) => {
      const chain = must(await store.chain(owner, id));
      return chain.kind === 'found' ? chain.answers.map((answer) => answer.id) : chain;
    };
    assert.deepEqual(await idsOf(third.id), [first.id, second.id, third.id]);
    assert.deepEqual(await idsOf(branch.id), [first.id, branch.id]);
    assert.deepEqual(await idsOf(first.id), [first.id]);
    assert.deepEqual(await idsOf('resp_none'), { kind: 'missing', id: 'resp_none' });
  });

  test('a chain with a gap is missing, and says where', async () => {
    const { store } = under();
    const owner = newOwner();
    const orphan = testAnswer({ previousId: 'resp_gone' });
    await store.keep(owner, orphan, soon());
    assert.deepEqual(must(await store.chain(owner, orphan.id)), {
      kind: 'missing',
      id: 'resp_gone',
    });
  });
}
