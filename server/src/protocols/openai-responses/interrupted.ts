// A response in the background whose maker is gone, as it ends: failed, in its object and in its stream.

import { withOutput, type StoredAnswer } from '../../domain/stored/answer.ts';
import type { Interrupted } from '../protocol.ts';

const ERROR = {
  code: 'server_error',
  message: 'The server stopped while it made this response. Create it again.',
};

/** `from`: the number of the next event. A response that has none was not streamed. */
export function interrupted(answer: StoredAnswer, from: number): Interrupted {
  const before = JSON.parse(answer.body) as object; // as the protocol made it
  const body = JSON.stringify({ ...before, status: 'failed', error: ERROR });
  const failed: StoredAnswer = { ...answer, status: 'failed', body };
  if (from === 0) return { answer: failed, events: [] };
  const flat = { ...ERROR, param: null };
  const said = JSON.stringify({
    type: 'error',
    sequence_number: from,
    error: { type: 'server_error', ...flat },
    ...flat,
  });
  const last = `{"type":"response.failed","sequence_number":${from + 1},"response":${withOutput(failed)}}`;
  return {
    answer: failed,
    events: [`event: error\ndata: ${said}\n\n`, `event: response.failed\ndata: ${last}\n\n`],
  };
}
