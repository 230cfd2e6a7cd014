// Signatures of webhooks after the Standard Webhooks specification (standardwebhooks.com): HMAC-SHA256 over the message's
// id, its time and its bytes, so that neither can be changed and an old message can be told from a new one.

import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
/** The specification wants 24 to 64. */
export const SECRET_BYTES = 32;

export function secretOf(randomBytes: Uint8Array): string {
  return PREFIX + Buffer.from(randomBytes).toString('base64');
}

export type SignedMessage = {
  readonly id: string;
  readonly body: string;
  readonly atMs: number;
  /** One, or two while a secret is being replaced: either fits. */
  readonly secrets: readonly string[];
};

export function signedHeaders({ id, body, atMs, secrets }: SignedMessage): {
  readonly [name: string]: string;
} {
  const timestamp = Math.floor(atMs / 1000);
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${mac}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': `${timestamp}`,
    'webhook-signature': signatures.join(' '),
  };
}
