// The matrix: official clients × scenarios × whole and streamed × scripted and embedded engine, against a whole server.
// The clients run in a process of their own, which knows nothing but an address and a key, and whose types are checked
// first: what a client's types forbid is not what its users send.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Turnpike } from '../e2e/turnpike.ts';
import { AWAITED } from './awaited.ts';
import { EMBEDDED, SCRIPTED, startConformanceServer } from './conformance-server.ts';
import { CLIENTS, installClients } from './installed-clients.ts';

const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
/** Far above what the matrix takes: a cell that hangs is cut much sooner. */
const MATRIX_MS_MAX = 300_000;
/** Fewer cells than this means that clients or scenarios went missing. */
const CELLS_MIN = 850;

type Outcome = {
  readonly client: string;
  readonly scenario: string;
  readonly engine: string;
  readonly stream: boolean;
  readonly error?: string;
};

describe('the conformance matrix', () => {
  let turnpike: Turnpike;
  before(async () => {
    [turnpike] = await Promise.all([startConformanceServer(), installClients()]);
  });
  after(() => turnpike?.[Symbol.asyncDispose]());

  it('is written in types that the clients accept', async () => {
    const { code, lines } = await output([TSC, '--noEmit', '--pretty', 'false', '-p', CLIENTS]);
    assert.equal(code, 0, lines.join('\n'));
  });

  it('is green', async (t) => {
    const { origin, firstKey } = turnpike;
    const program = join(CLIENTS, 'main.ts');
    const { lines } = await output([program, origin, firstKey, SCRIPTED, EMBEDDED]);
    // `as` because the program prints nothing but these.
    const outcomes = lines.map((line) => JSON.parse(line) as Outcome);
    assert.ok(outcomes.length >= CELLS_MIN, `only ${outcomes.length} cells were played`);
    const wrong = outcomes.flatMap(problemOf);
    t.diagnostic(`${outcomes.length} cells played`);
    assert.deepEqual(wrong, []);
  });

  it('leaves nothing running', async () => {
    const deadlineMs = performance.now() + 5_000;
    while ((await turnpike.status()).generationsRunning > 0) {
      assert.ok(performance.now() < deadlineMs, 'an aborted generation went on');
    }
  });
});

function problemOf({ client, scenario, engine, stream, error }: Outcome): string[] {
  const cell = `${client} ${scenario} ${engine} ${stream ? 'stream' : 'whole'}`;
  const awaited = AWAITED.find((one) => one.cell.test(cell));
  if (awaited === undefined) return error === undefined ? [] : [`${cell}: ${error}`];
  return error === undefined ? [`${cell} passes now: it waits no more for ${awaited.why}`] : [];
}

/** A program of our own Node, to its end; what it says on stderr is shown as it is. */
async function output(args: readonly string[]): Promise<{ code: number | null; lines: string[] }> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: MATRIX_MS_MAX,
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  return { code: await ended, lines };
}
