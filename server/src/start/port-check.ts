// Finds out early whether the address can be served at all, before seconds are spent on a database and a model.

import { once } from 'node:events';
import { createServer } from 'node:net';

/** Undefined when it can; else one sentence that says what to do. */
export async function portProblem(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return sentenceOf(error, host, port);
  } finally {
    server.close();
  }
}

function sentenceOf(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is taken: stop what uses it, or choose another with PORT=${port + 1} npm start.`;
    case 'EACCES':
      return `This user may not listen on port ${port}: choose one above 1023 with PORT=8080 npm start.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `This machine has no address ${host}: set HOST to one that it has, such as 127.0.0.1.`;
    default:
      return `The server can't listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
