// What somebody reads whose key does not open what it was shown at, whatever the protocol.

import type { Refusal } from '../domain/refusal.ts';

type Reason = Extract<Refusal, { readonly kind: 'unauthenticated' }>['reason'];

const SENTENCES: { readonly [reason in Exclude<Reason, 'missing'>]: string } = {
  malformed: 'The API key is malformed: it may be mistyped or cut off. Keys begin with sk-tp-.',
  unknown: 'Incorrect API key provided.',
  revoked: 'This API key has been revoked.',
  admin: 'This is an admin key, which only reads usage and costs. Use a key of a project.',
};

/** `howToSend`: where this protocol looks for a key. */
export function refusedKey(reason: Reason, howToSend: string): string {
  return reason === 'missing' ? `You didn't provide an API key. ${howToSend}` : SENTENCES[reason];
}

export const ADMIN_KEY_REQUIRED =
  'You have insufficient permissions for this operation: usage and costs are read with an admin key of the organisation, and this is a key of a project. The owner or operator makes an admin key.';
