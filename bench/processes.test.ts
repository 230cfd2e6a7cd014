// What a real tree of processes costs, and that one that is gone costs nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { sampleTree } from './processes.ts';

/** Starts a shell whose child, a node process, burns half a second of processor time and then rests. */
const BURN = `const end = process.cpuUsage().user + 500000; while (process.cpuUsage().user < end); console.log("burnt"); setInterval(() => {}, 1000)`;

describe('sampleTree', () => {
  it("charges a process with its descendants' time and memory", async (t) => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" -e '${BURN}'; true`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => {
      for (const sample of sampleTree(shell.pid ?? 0)) process.kill(sample.pid);
    });
    await once(shell.stdout, 'data');
    const samples = sampleTree(shell.pid ?? 0);
    assert.equal(samples.length, 2);
    const burner = samples.find((sample) => sample.pid !== shell.pid);
    assert.ok(burner !== undefined);
    assert.ok(burner.cpuUs >= 450_000 && burner.cpuUs < 2_000_000, `${burner.cpuUs} µs`);
    assert.ok(burner.residentBytes > 20_000_000, `${burner.residentBytes} bytes`);
    assert.ok(burner.shareBytes <= burner.residentBytes);
    assert.match(burner.command, /burnt/);
  });

  it('is empty for a process that is gone', () => {
    assert.deepEqual(sampleTree(0x7fff_fff0), []);
  });
});
