// The upstream as a process of its own: `node bench/upstream/main.ts [port]`; prints where it listens.

import { startUpstream } from './server.ts';

const upstream = await startUpstream(Number(process.argv[2] ?? 0));
process.stdout.write(`upstream listening on http://127.0.0.1:${upstream.port}\n`);
