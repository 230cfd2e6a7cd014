// The way in for payment providers, without a socket, for tests.

import Fastify from 'fastify';
import type { Till } from '../till/till.ts';
import { mountPaymentWebhooks } from './payment-webhooks.ts';

export type WebhookDoor = AsyncDisposable & {
  post(
    provider: string,
    body: string | Buffer,
    headers: { readonly [name: string]: string },
  ): Promise<{ readonly status: number; readonly text: string }>;
};

export async function webhookDoor(till: Till): Promise<WebhookDoor> {
  const app = Fastify();
  await mountPaymentWebhooks(app, till);
  return {
    async post(provider, payload, headers) {
      const url = `/webhooks/payments/${provider}`;
      const { statusCode, body } = await app.inject({ method: 'POST', url, headers, payload });
      return { status: statusCode, text: body };
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}
