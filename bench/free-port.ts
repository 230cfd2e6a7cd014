// Finds free loopback ports for the contenders.

import { createServer } from 'node:net';

const TRIES_MAX = 200;

/** The first free port from `from` upwards. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + TRIES_MAX; port += 1) {
    if (await isFree(port)) return port;
  }
  throw new Error(
    `No port from ${from} to ${from + TRIES_MAX - 1} is free; choose others with --port-base.`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)));
  });
}
