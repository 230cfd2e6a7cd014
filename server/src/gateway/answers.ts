// Several answers to one prompt, as one stream: each is a generation of its own under the same ticket, and each part says
// which answer it is of. One that fails ends the others too.

import type { Ticket } from '../domain/admission/ticket.ts';
import type { Part } from '../domain/generation/part.ts';
import type { Engine } from '../ports/engine.ts';

type Parts = readonly Part[];
type Reader = AsyncIterator<Parts>;
type Step = { readonly choice: number; readonly result: IteratorResult<Parts> };

export function answers(
  engine: Engine,
  ticket: Ticket,
  choices: number,
  signal: AbortSignal,
): AsyncIterable<Parts> {
  return choices === 1
    ? engine.generate(ticket, signal)
    : severalAnswers(engine, ticket, choices, signal);
}

async function* severalAnswers(
  engine: Engine,
  ticket: Ticket,
  choices: number,
  signal: AbortSignal,
): AsyncGenerator<Parts, void> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const readers = Array.from({ length: choices }, (_, choice) =>
    engine.generate(ticket.ofChoice(choice), stopped)[Symbol.asyncIterator](),
  );
  const waiting = new Map(readers.map((reader, choice) => [choice, step(reader, choice)]));
  let failure: Part | undefined;
  try {
    while (waiting.size > 0) {
      const { choice, result } = await Promise.race(waiting.values());
      waiting.delete(choice);
      if (result.done === true) continue;
      const failed = result.value.find((part) => part.kind === 'failure');
      // Of the others only what they have used matters now; they stop within a second.
      const told = result.value.filter(({ kind }) =>
        failure === undefined ? kind !== 'failure' : kind === 'usage',
      );
      if (told.length > 0) yield told.map((part) => ({ ...part, choice }));
      if (failed !== undefined) {
        failure ??= { ...failed, choice };
        stop.abort();
      }
      // It waits at the end, so that none that is slow is passed over.
      const reader = readers[choice];
      if (reader !== undefined) waiting.set(choice, step(reader, choice));
    }
    if (failure !== undefined) yield [failure];
  } finally {
    stop.abort();
    await Promise.allSettled(waiting.values());
    await Promise.all(readers.map(async (reader) => await reader.return?.()));
  }
}

async function step(reader: Reader, choice: number): Promise<Step> {
  return { choice, result: await reader.next() };
}
