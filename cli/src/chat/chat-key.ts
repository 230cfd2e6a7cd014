// The key that a chat uses: the one it is given, else its own. Its own is made through the management API, named
// "turnpike chat", and kept in the data directory for the next time, readable by this user alone.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { send, unreachable, type Management } from '../management.ts';
import { done, failed, type Outcome } from '../outcome.ts';
import type { Surroundings } from '../surroundings.ts';

const NAME = 'turnpike chat';

/** With its server, because a key of one server means nothing to another. */
const keptKey = z.object({ url: z.string(), key: z.string() });

export async function chatKey(
  surroundings: Surroundings,
  given: string | undefined,
  management: Outcome<Management>,
): Promise<Outcome<string>> {
  const known = given ?? surroundings.apiKey;
  if (known !== undefined) return done(known);
  const kept = await readKept(surroundings);
  if (kept !== undefined) {
    const works = await isAccepted(surroundings.url, kept);
    if (!works.ok) return works;
    if (works.value) return done(kept);
  }
  if (!management.ok) return needsKey(management);
  const made = await management.value.ask('createKey', { name: NAME });
  if (!made.ok) return needsKey(made);
  await keep(surroundings, made.value.key);
  return done(made.value.key);
}

function needsKey<T>(why: Outcome<unknown>): Outcome<T> {
  if (why.ok || why.failure.exitCode !== 1) return why as Outcome<T>; // a failure carries no value of any type
  return failed(
    'no-key',
    `A chat needs a key, in TURNPIKE_API_KEY or with --key, and none could be made: ${why.failure.message}`,
  );
}

async function isAccepted(url: string, key: string): Promise<Outcome<boolean>> {
  const reply = await send(url, key, { method: 'GET', path: '/v1/models' });
  return reply.kind === 'unreachable' ? unreachable(url, reply.detail) : done(reply.status !== 401);
}

function fileIn({ dataDirectory }: Surroundings): string {
  return join(dataDirectory, 'chat-key.json');
}

async function readKept(surroundings: Surroundings): Promise<string | undefined> {
  try {
    const kept = keptKey.safeParse(JSON.parse(await readFile(fileIn(surroundings), 'utf8')));
    return kept.success && kept.data.url === surroundings.url ? kept.data.key : undefined;
  } catch {
    return undefined; // there is none, or none that can be read: a new one is made
  }
}

/** Where it can't be kept, the chat goes on; the next one makes another key. */
async function keep(surroundings: Surroundings, key: string): Promise<void> {
  const text = `${JSON.stringify({ url: surroundings.url, key })}\n`;
  try {
    await mkdir(surroundings.dataDirectory, { recursive: true, mode: 0o700 });
    await writeFile(fileIn(surroundings), text, { mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`The chat's key could not be kept for the next time: ${why}\n`);
  }
}
