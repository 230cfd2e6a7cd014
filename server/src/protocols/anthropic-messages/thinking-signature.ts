// The signature of a thinking block. Clients require one and send it back with the block.
//
// Of thinking that was shown it is a digest: it says which thinking a block was, nothing about who made it, and nothing
// here trusts it. A block that comes back is read as text of the client's, whoever signed it, so that a conversation
// begun elsewhere goes on here. Thinking that was not shown is the signature itself, sealed: the client keeps it unread,
// and the model has it again when it comes back.

import { createHash } from 'node:crypto';
import type { Item } from '../../domain/generation/generation.ts';
import type { Sealer } from '../../domain/sealing/sealer.ts';

const VERSION = 'tp1';

/** `sealer`: of thinking that is not shown. */
export function signatureOf(thinking: string, sealer: Sealer | undefined): string {
  if (sealer !== undefined) return sealer.seal('thinking', thinking);
  return `${VERSION}.${createHash('sha256').update(`${VERSION}\n`).update(thinking).digest('base64url')}`;
}

/** Thinking that its client never read is whole again; what we can't open stays as it came. */
export function withThinkingOpened(items: readonly Item[], sealer: Sealer): readonly Item[] {
  return items.map((item) => {
    if (item.kind !== 'reasoning' || item.text !== '' || item.sealed?.form !== 'signature') {
      return item;
    }
    const text = sealer.open('thinking', item.sealed.data);
    return text === undefined ? item : { ...item, text };
  });
}
