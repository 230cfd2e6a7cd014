// What makes a difference the same as an hour ago: the check, and whom it is about. Its amounts change while money goes on
// moving, so they are no part of it.

import type { Finding } from '../../../ports/reconciliations.ts';

/** Words that are numbers; an id or an hour has letters in it. */
const NUMBER = /(?<![\w.:-])-?\$?\d[\d.,]*(?![\w:-])/g;

export function differenceKey({ check, detail }: Finding): string {
  return `${check}: ${detail.replace(NUMBER, '#')}`;
}
