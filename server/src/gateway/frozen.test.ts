// What is frozen is refused at once, in every protocol's words, and no money moves; what runs finishes or ends, as it was said.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Freeze, FreezeScope } from '../domain/accounts/freeze.ts';
import { newRequestId } from '../lib/ids.ts';
import { ok } from '../lib/result.ts';
import { anthropicMessages } from '../protocols/anthropic-messages/anthropic-messages.ts';
import { openaiChat } from '../protocols/openai-chat/openai-chat.ts';
import { openaiResponses } from '../protocols/openai-responses/openai-responses.ts';
import { serve } from './serve.ts';
import { MemorySink, PLENTY, Turnstile } from './turnstile.fixture.ts';

const messages = (content: string) => [{ role: 'user', content }];
const PROTOCOLS = [
  [openaiChat, (content: string) => ({ messages: messages(content) })],
  [openaiResponses, (input: string) => ({ input, store: false })],
  [anthropicMessages, (content: string) => ({ messages: messages(content), max_tokens: 300 })],
] as const;

function freeze(turnstile: Turnstile, scope: FreezeScope, endsRunning = false): Freeze {
  const { organisationId, keyId } = turnstile;
  const subject = { organisation: organisationId, project: 'prj_1', key: keyId }[scope];
  const why = { reason: 'seen on a forum', by: 'ada', endsRunning };
  const id = `frz_${scope}_${endsRunning}`;
  return turnstile.accounts.freezes.freezeNow({ id, organisationId, scope, subject, ...why });
}

describe('I18 what is frozen', () => {
  for (const [protocol, body] of PROTOCOLS) {
    for (const scope of ['organisation', 'project', 'key'] as const) {
      it(`is refused on ${protocol.name}, a ${scope}, and served when it is thawed`, async () => {
        const turnstile = await Turnstile.with(PLENTY);
        const { id } = freeze(turnstile, scope);
        const ask = () => turnstile.ask({ model: 'priced', ...body('hi') }, { protocol });
        const sink = await ask();
        assert.equal(sink.status, 403, sink.text);
        const { error } = sink.json;
        const isAnthropic = protocol === anthropicMessages;
        assert.equal(error.type, isAnthropic ? 'permission_error' : 'invalid_request_error');
        assert.equal(error.code, isAnthropic ? undefined : 'access_frozen');
        assert.match(error.message, new RegExp(`^This ${scope} is frozen .* Your credit is untouched`));
        assert.ok(!sink.text.includes('forum'), 'the reason is not for clients');
        assert.equal(sink.headers['x-should-retry'], 'false');
        assert.equal(turnstile.bodiesRead, 0, 'nobody reads what it sends');
        turnstile.assertUntouched(PLENTY);
        await turnstile.accounts.freezes.thaw({ id, by: 'ada', reason: 'key replaced' });
        assert.equal((await ask()).status, 200);
      }); // prettier-ignore
    }

    it(`ends what runs on ${protocol.name} with its next token where it was said so, and that costs nothing`, async () => {
      const turnstile = await Turnstile.with(PLENTY);
      const sink = new MemorySink((client) => {
        if (client.writes === 5) freeze(turnstile, 'project', true);
        return undefined;
      });
      const request = { model: 'priced', ...body('[[tokens=200]]'), stream: true };
      await turnstile.ask(request, { protocol, sink });
      assert.equal(sink.state, 'ended');
      assert.ok(sink.writes <= 6, `${sink.writes} writes`);
      assert.match(sink.text, /This project is frozen/);
      assert.ok(!/message_stop|response\.completed|finish_reason":"stop/.test(sink.text));
      assert.equal(turnstile.ledger.settled.outcome, 'failed');
      assert.equal(turnstile.balanceNano, PLENTY);
      assert.deepEqual(turnstile.scripted.counts(), { live: 0, finished: 0, aborted: 1, failed: 0 });
      turnstile.assertAtRest();
    }); // prettier-ignore
  }

  it('may finish what runs, which is paid, where nothing else was said; and what has ended has', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink((client) => {
      if (client.writes === 5) freeze(turnstile, 'key');
      return undefined;
    });
    await turnstile.stream('[[tokens=20]]', {}, { sink });
    assert.ok(sink.isDone);
    assert.equal(turnstile.ledger.settled.outcome, 'completed');
    assert.equal((await turnstile.whole('hi')).status, 403);
    turnstile.assertAtRest();
  });

  it('is also what was frozen while its body was on its way', async () => {
    const turnstile = await Turnstile.with(PLENTY);
    const sink = new MemorySink();
    const readJson = async () => {
      freeze(turnstile, 'key');
      return ok({ model: 'priced', messages: messages('hi') });
    };
    const call = {
      requestId: newRequestId(0),
      authorization: `Bearer ${turnstile.key}`,
      headers: {},
    };
    await serve(turnstile.gateway, openaiChat, { ...call, readJson }, sink);
    assert.equal(sink.status, 403, sink.text);
    turnstile.assertUntouched(PLENTY);
  });
});
