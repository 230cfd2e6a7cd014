// Parts → a message, streamed or whole.

import type { Encoder } from '../protocol.ts';
import { StreamEncoder } from './encode-stream.ts';
import { WholeEncoder } from './encode-whole.ts';
import type { MessagesFacts } from './message.ts';

export function messagesEncoder(facts: MessagesFacts): Encoder {
  return facts.delivery === 'stream' ? new StreamEncoder(facts) : new WholeEncoder(facts);
}
