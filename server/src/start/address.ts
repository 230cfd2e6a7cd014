// Where this server can be reached, written into its data directory, so that the operator's tools find it whatever its
// port. It stays after a stop: then nothing answers there, and the tools say so.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function writeAddress(dataDirectory: string, origin: string): void {
  writeFileSync(join(dataDirectory, 'address'), `${origin}\n`, { mode: 0o600 });
}
