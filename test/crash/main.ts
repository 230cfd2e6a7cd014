// By hand, and in the nightly run: `node test/crash/main.ts [rounds]`. Says of each round who was killed and what became of
// it, and ends at the first thing that is not as it should be.

import { crashLoop } from './crash-loop.ts';

const rounds = Number(process.argv[2] ?? 50);
const startedMs = performance.now();
const figures = await crashLoop({ rounds, onRound: (line) => console.log(line) });
const ends = [...figures.ends].map(([kind, count]) => `${count} ${kind}`).join(', ');
const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
console.log(
  `${rounds} rounds in ${seconds} s: ${ends}; ${figures.payments} payments; back after at most ${figures.backMsMax} ms; nothing lost, nothing doubled`,
);
