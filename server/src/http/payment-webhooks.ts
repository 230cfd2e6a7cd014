// Where payment providers knock. The bytes go to the till as they came: the signature is over them. No key and no admin
// token stands before it; who has no signature is told so, and learns nothing else.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PAYMENT_WEBHOOK_BYTES_MAX } from '../limits.ts';
import type { HintRefusal } from '../ports/payments.ts';
import type { Till } from '../till/till.ts';

const PAYMENT_WEBHOOK_PATH = '/webhooks/payments/:provider';

const SENTENCES: { readonly [refusal in HintRefusal]: string } = {
  'no-signature': 'The signature is missing: only the payment provider sends events here.',
  'bad-signature':
    'The signature is not right for this body and the webhook secret of this server.',
  'too-old': 'The signature is older than five minutes: this is a replay, or a clock is wrong.',
  'not-an-event': 'This is signed, but it is no event.',
  'other-mode':
    'This event is from the other mode: test events belong to test keys, live ones to live keys.',
  'other-account': 'This event is from an account that is connected to ours, and not from ours.',
  'no-webhook': 'No payment provider of this name sends events here.',
};

export async function mountPaymentWebhooks(app: FastifyInstance, till: Till): Promise<void> {
  await app.register(async (corner) => {
    corner.removeAllContentTypeParsers();
    corner.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    corner.setErrorHandler((error, request, reply) => answerError(error, request, reply));
    corner.route({
      method: 'POST',
      url: PAYMENT_WEBHOOK_PATH,
      bodyLimit: PAYMENT_WEBHOOK_BYTES_MAX,
      handler: (request, reply) => handle(till, request, reply),
    });
  });
}

async function handle(
  till: Till,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { provider } = request.params as { provider: string }; // the route's own parameter
  const signature = request.headers['stripe-signature'];
  const heard = await till.hear(provider, {
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    signature: typeof signature === 'string' ? signature : undefined,
    receivedAtMs: till.nowMs(),
  });
  if (!heard.ok) {
    request.log.warn({ refused: heard.error }, 'a payment webhook was refused');
    return refuse(
      reply,
      heard.error === 'no-webhook' ? 404 : 400,
      heard.error,
      SENTENCES[heard.error],
    );
  }
  if (heard.value === 'try-again') {
    const sentence = 'The payment provider could not be asked about this event: send it again.';
    return refuse(reply.header('retry-after', '60'), 503, 'try-again', sentence);
  }
  if (heard.value === 'unknown-order') {
    request.log.warn(
      { outcome: heard.value },
      'a payment webhook is about an order that is not ours',
    );
  }
  return reply.code(200).send({ received: true, outcome: heard.value });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) {
    const sentence = `The body is larger than ${PAYMENT_WEBHOOK_BYTES_MAX} bytes.`;
    return refuse(reply, 413, 'body-too-large', sentence);
  }
  request.log.error({ err: error }, 'a payment webhook failed');
  return refuse(reply, 500, 'internal', 'Something broke inside the server: send it again.');
}

function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message } });
}
