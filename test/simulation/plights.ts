// Courses of events that need several things at once, so that chance alone seldom brings them about.

import type { BooksServer } from './books-line.ts';
import type { Chance } from './chance.ts';
import type { Machine } from './machine.ts';
import type { World } from './world.ts';

export const PLIGHTS = ['silence', 'outage', 'lag', 'torn'] as const;

type Stage = {
  readonly world: World;
  readonly chance: Chance;
  readonly server: BooksServer;
  ask(of: Machine): void;
};

export function planPlight(
  plight: (typeof PLIGHTS)[number],
  machines: readonly Machine[],
  stage: Stage,
): void {
  const [first] = machines;
  if (first === undefined) return;
  switch (plight) {
    case 'silence':
      return standStill(first, machines[1], stage);
    case 'outage':
      return loseTheBooks(machines, stage);
    case 'lag':
      return fallBehind(first, stage);
    case 'torn':
      return cutWithinAFlush(first, stage);
  }
}

/** One of several stands still for longer than the others believe it to be alive, in the middle of its work. */
function standStill(
  machine: Machine,
  other: Machine | undefined,
  { world, chance, ask }: Stage,
): void {
  for (const afterMs of [100, 120, 150, 200]) world.after(afterMs, undefined, () => ask(machine));
  world.after(chance.whole(210, 600), undefined, () => {
    const { running } = machine;
    if (running === undefined) return;
    running.life.frozenUntilMs = world.nowMs + 130_000;
    for (const afterMs of [30_000, 60_000, 90_000]) {
      world.after(afterMs, undefined, () => ask(machine));
    }
    if (other === undefined) return;
    // What it had set aside is given back by then, and spent by somebody else.
    for (let n = 0; n < 20; n++) world.after(80_000 + n * 150, undefined, () => ask(other));
  });
}

/** The books are away for longer than a gateway may be silent, while all of them have leases: then all look dead. */
function loseTheBooks(machines: readonly Machine[], { world, chance, server, ask }: Stage): void {
  for (const machine of machines) {
    for (const afterMs of [100, 150, 200]) world.after(afterMs, undefined, () => ask(machine));
  }
  // They are there again when the first heart beats, before anybody has given something back.
  const untilMs = 96_000 + chance.whole(-60, 40);
  world.after(chance.whole(210, 400), undefined, () => server.goAway(untilMs - world.nowMs));
}

/** Records come faster than the books take them, over several segments, and then the machine dies. */
function fallBehind(machine: Machine, { world, chance, server, ask }: Stage): void {
  world.after(100, undefined, () => (server.lagUntilMs = world.nowMs + 6_000));
  for (let n = 0; n < 40; n++) world.after(100 + n * 25, undefined, () => ask(machine));
  world.after(chance.whole(500, 5_000), undefined, () => machine.kill(chance.happens(0.5)));
}

/** Several records go into one flush, and the power is cut within it. */
function cutWithinAFlush(machine: Machine, { world, ask }: Stage): void {
  for (let n = 0; n < 16; n++) world.after(100 + n * 3, undefined, () => ask(machine));
  world.after(110, undefined, () => (machine.disk.isAboutToFail = true));
}
