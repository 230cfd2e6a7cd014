// A server process for the tests to kill: starts PostgreSQL in the directory it is given, says so, and waits.

import { startEmbeddedPostgres } from './embedded-postgres.ts';

const [dataDirectory = '', packageDirectory] = process.argv.slice(2);
const started = await startEmbeddedPostgres({
  dataDirectory,
  onProgress: () => {},
  onLog: () => {},
  ...(packageDirectory === undefined ? {} : { packageDirectory }),
});
if (!started.ok) {
  console.log(JSON.stringify({ failure: started.error.sentence }));
} else {
  const { pid, connection } = started.value;
  console.log(JSON.stringify({ pid, connection }));
  process.once('SIGTERM', () => void started.value.stop());
}
