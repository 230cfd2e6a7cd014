// What befalls a machine, or the database behind all of them, once.

import type { BooksServer } from './books-line.ts';
import type { BooksModel } from './books-model.ts';
import type { Chance } from './chance.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export const TROUBLES = [
  'kill',
  'kill',
  'power',
  'away',
  'stop',
  'freeze',
  'top-up',
  'twin',
] as const;

type Stage = {
  readonly world: World;
  readonly chance: Chance;
  readonly server: BooksServer;
  readonly model: BooksModel;
};

export function makeTrouble(
  kind: Exclude<(typeof TROUBLES)[number], 'top-up'>,
  machine: Machine,
  { world, chance, server, model }: Stage,
): void {
  switch (kind) {
    case 'kill':
    case 'power':
      machine.kill(kind === 'power');
      break;
    case 'away':
      server.goAway(chance.pick([50, 1_000, 20_000, 90_000]));
      break;
    case 'stop':
      void machine.stop();
      break;
    case 'freeze':
      if (machine.running !== undefined) {
        const forMs = chance.pick([100, 5_000, 50_000, 100_000, 100_000]);
        machine.running.life.frozenUntilMs = world.nowMs + forMs;
      }
      break;
    case 'twin':
      // Another process with the same id, on a disk of its own, that dies as soon as it has started.
      model.enter(machine.id, undefined, world.nowMs);
      break;
  }
}
