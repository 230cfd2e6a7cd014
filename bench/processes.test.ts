// What a real tree of processes costs, and that one that is gone costs nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { sampleTree } from './processes.ts';

/** Burns half a second of processor time, says what it has used in all, and rests. Asking is itself work for the kernel. */
const BURN = `const used = () => { const { user, system } = process.cpuUsage(); return user + system }; const end = used() + 500000; while (used() < end); console.log("burnt", used()); setInterval(() => {}, 1000)`;
/** The kernel counts in ticks of 10 ms, and the child goes on a little after it has told. */
const TOLERANCE_US = 150_000;

describe('sampleTree', () => {
  it("charges a process with its descendants' time and memory", async (t) => {
    const shell = spawn('sh', ['-c', `"${process.execPath}" -e '${BURN}'; true`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => {
      for (const sample of sampleTree(shell.pid ?? 0)) process.kill(sample.pid);
    });
    const [told]: unknown[] = await once(shell.stdout, 'data');
    const usedUs = Number(String(told).split(' ')[1]);
    assert.ok(usedUs >= 500_000, String(told));
    const samples = sampleTree(shell.pid ?? 0);
    assert.equal(samples.length, 2);
    const burner = samples.find((sample) => sample.pid !== shell.pid);
    assert.ok(burner !== undefined);
    const offUs = Math.abs(burner.cpuUs - usedUs);
    assert.ok(offUs < TOLERANCE_US, `${burner.cpuUs} µs where the process says ${usedUs}`);
    assert.ok(burner.residentBytes > 20_000_000, `${burner.residentBytes} bytes`);
    assert.ok(burner.shareBytes <= burner.residentBytes);
    assert.match(burner.command, /burnt/);
  });

  it('is empty for a process that is gone', () => {
    assert.deepEqual(sampleTree(0x7fff_fff0), []);
  });
});
