// No gateway at all: the load generator talks to the upstream. Everything else is measured against this.

import { CHAT_PATH, type Contender } from './contender.ts';
import { BENCH_MODEL } from '../wire/token-frame.ts';

export const direct: Contender = {
  name: 'direct',
  start: async (site) => ({
    kind: 'running',
    version: 'the scripted upstream itself',
    target: { port: site.upstreamPort, path: CHAT_PATH, headers: {}, model: BENCH_MODEL },
    pid: undefined,
    partOf: () => 'upstream',
    [Symbol.asyncDispose]: async () => undefined,
  }),
};
