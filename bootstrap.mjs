// What every npm script of Turnpike goes through: installs what package-lock.json lists if that is not there yet, then
// hands over to the Node that Turnpike is pinned to. Plain JavaScript without dependencies, for any Node from 20 on.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(fileURLToPath(import.meta.url));
const MODULES = join(ROOT, 'node_modules');
const RUNTIME = join(MODULES, 'node/bin/node');
const STAMP = join(MODULES, '.turnpike-installed');
const LOCK = join(ROOT, '.install-lock');
const TESTED_FOLDERS = ['contract', 'server', 'cli', 'tools', 'test', 'bench', 'models'];
const RUNTIME_MAJOR_MIN = 24;
const INSTALL_BYTES_MIN = 1_500_000_000;
const INSTALL_MS_MAX = 30 * 60_000;
const CRASH_SIGNALS = new Set([
  'SIGKILL',
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
]);
const CRASHES_MAX = 5;
const CRASH_WINDOW_MS = 60_000;
/** Ctrl-C under npm arrives twice, from the terminal and from npm: what comes this soon after the first is the same. */
const SAME_SIGNAL_MS = 1_000;

const COMMANDS = {
  serve: (args) => serve(['server/src/main.ts', ...args]),
  turnpike: (args) => run(['cli/src/main.ts', ...args]),
  bench: (args) => run(['bench/main.ts', ...args]),
  'eval:mini': (args) => run(['models/evaluate.ts', ...args]),
  check: (args) => run(['tools/check.ts', ...args]),
  nightly: (args) => run(['tools/nightly.ts', ...args]),
  test: (args) => test(args),
};

process.exitCode = await main(process.argv.slice(2));

async function main([name = '', ...args]) {
  if (majorOf(process.version) < 20)
    return fail(`Turnpike needs Node 20 or newer and this is ${process.version}: install one.`);
  if (!Object.hasOwn(COMMANDS, name))
    return fail(`Say what to do: node bootstrap.mjs ${Object.keys(COMMANDS).join(' | ')}.`);
  const problem = (await ensureInstalled()) ?? ensureRuntime();
  return problem === undefined ? COMMANDS[name](args) : fail(problem);
}

// ── Install ────────────────────────────────────────────────────────────────────────────────────────────────

async function ensureInstalled() {
  if (isInstalled()) return undefined;
  try {
    await lockInstall();
  } catch (error) {
    return `Turnpike cannot write to ${ROOT} (${error.message}): give this user the right to, or clone it elsewhere.`;
  }
  try {
    return isInstalled() ? undefined : install();
  } finally {
    fs.rmSync(LOCK, { recursive: true, force: true });
  }
}

function isInstalled() {
  const stamp = readOrEmpty(STAMP);
  if (stamp !== '') return stamp === wantedStamp();
  if (!installedByHand()) return false;
  return writeStamp();
}

function wantedStamp() {
  const digest = createHash('sha256').update(fs.readFileSync(join(ROOT, 'package-lock.json')));
  return `${digest.digest('hex')} ${process.platform}-${process.arch}\n`;
}

function writeStamp() {
  try {
    fs.writeFileSync(STAMP, wantedStamp());
  } catch {
    // A read-only clone with everything in it: it is compared anew each time.
  }
  return true;
}

/** Whether somebody's own `npm ci`, whose record of it npm writes last, has installed just what the lockfile says. */
function installedByHand() {
  const record = readOrEmpty(join(MODULES, '.package-lock.json'));
  if (record === '') return false;
  const wanted = JSON.parse(readOrEmpty(join(ROOT, 'package-lock.json'))).packages;
  const installed = JSON.parse(record).packages;
  return Object.entries(wanted).every(([path, { version, integrity, link, optional }]) => {
    if (!path.startsWith('node_modules/') || link) return true;
    const found = installed[path];
    if (found === undefined) return optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

function install() {
  say('Installing what package-lock.json lists. The first time this takes a minute or two.');
  const startMs = Date.now();
  const { status } = npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (status !== 0) return installProblem();
  writeStamp();
  say(`Installed in ${Math.round((Date.now() - startMs) / 1000)} s.`);
  return undefined;
}

/** npm has printed its own account of it; this is the sentence to act upon. */
function installProblem() {
  const { bavail, bsize } = fs.statfsSync(ROOT);
  if (bavail * bsize < INSTALL_BYTES_MIN)
    return `The installation failed and the disk of ${ROOT} is nearly full: free 2 GB and start again.`;
  try {
    fs.accessSync(ROOT, fs.constants.W_OK);
    if (fs.existsSync(MODULES)) fs.accessSync(MODULES, fs.constants.W_OK);
  } catch {
    return `The installation failed because this user may not write to ${ROOT}: make it the owner, or clone Turnpike elsewhere.`;
  }
  return "The installation failed, as npm says above: check the network and npm's registry settings, then start again.";
}

/** Of two processes that clear away a dead one's lock at once, only one finds its pid in the new lock afterwards. */
async function lockInstall() {
  for (let told = false, nameless = 0; ;) {
    if (makeLock()) {
      await sleep(50);
      if (lockHolder() === process.pid) return;
    }
    const holder = lockHolder();
    if (isStale(holder) || nameless > 3) {
      nameless = 0;
      clearLock();
      continue;
    }
    nameless += Number.isNaN(holder) ? 1 : 0;
    if (!told && holder > 0) say(`Waiting for process ${holder} to finish the installation.`);
    told ||= holder > 0;
    await sleep(500);
  }
}

function makeLock() {
  try {
    fs.mkdirSync(LOCK);
    fs.writeFileSync(join(LOCK, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code === 'EEXIST' || error.code === 'ENOENT') return false;
    throw error;
  }
}

function lockHolder() {
  return Number.parseInt(readOrEmpty(join(LOCK, 'pid')), 10);
}

/** Nobody's: we do not hold one yet, so our own pid is that of a dead namesake. */
function isStale(holder) {
  if (Number.isNaN(holder)) return false;
  const sinceMs = fs.statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  return holder === process.pid || !isAlive(holder) || Date.now() - sinceMs > INSTALL_MS_MAX;
}

function clearLock() {
  const dead = `${LOCK}-${process.pid}`;
  try {
    fs.renameSync(LOCK, dead);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  fs.rmSync(dead, { recursive: true, force: true });
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** `npm ci --ignore-scripts` leaves the `node` package without its program: its own script gets it. */
function ensureRuntime() {
  if (fs.existsSync(RUNTIME)) return undefined;
  if (majorOf(process.version) >= RUNTIME_MAJOR_MIN) return undefined;
  say('Fetching the Node that Turnpike is pinned to.');
  const folder = join(MODULES, 'node');
  spawnSync(process.execPath, ['installArchSpecificPackage'], { cwd: folder, stdio: 'inherit' });
  if (fs.existsSync(RUNTIME)) return undefined;
  return `Turnpike runs on Node ${RUNTIME_MAJOR_MIN} or newer and its own could not be fetched: check the network, or start it with such a Node.`;
}

function npm(args) {
  const path = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: 'inherit' };
  if (path?.endsWith('.js')) return spawnSync(process.execPath, [path, ...args], options);
  return spawnSync('npm', args, options);
}

// ── Run ────────────────────────────────────────────────────────────────────────────────────────────────────

async function test(args) {
  if (args.length > 0) return run(['--test', ...args]);
  const checks = await run(['tools/check.ts']);
  const tests = await run(['--test', ...TESTED_FOLDERS.flatMap((folder) => testFiles(folder))]);
  return checks === 0 ? tests : checks;
}

function testFiles(folder) {
  if (!fs.existsSync(join(ROOT, folder))) return [];
  return fs.readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}

/** A server that was killed is started again; one that ended by itself has said why. */
async function serve(args) {
  const crashesMs = [];
  for (;;) {
    const { code, signal, told } = await runOnce(args, true);
    if (told || !CRASH_SIGNALS.has(signal)) return exitCodeOf(code, signal);
    crashesMs.push(Date.now());
    const recent = crashesMs.filter((ms) => Date.now() - ms < CRASH_WINDOW_MS).length;
    if (recent >= CRASHES_MAX)
      return fail(
        `The server was killed ${recent} times within a minute, last by ${signal}: look at its log and the machine's memory.`,
      );
    say(`The server was killed by ${signal} and is being started again.`);
    await sleep(100 * 2 ** recent);
  }
}

async function run(args) {
  const { code, signal } = await runOnce(args, false);
  return exitCodeOf(code, signal);
}

/**
 * The server gets a session of its own, so that Ctrl-C reaches it once, from here. Everything else shares ours, to keep
 * the terminal; there the terminal itself delivers Ctrl-C to it.
 */
function runOnce(args, ownSession) {
  const runtime = fs.existsSync(RUNTIME) ? RUNTIME : process.execPath;
  const child = spawn(runtime, args.map(absoluteIfOurs), {
    stdio: 'inherit',
    detached: ownSession,
    ...(args[0] === '--test' ? { cwd: ROOT } : {}),
  });
  const lastMs = new Map();
  const forward = (signal) => {
    const repeated = Date.now() - (lastMs.get(signal) ?? 0) < SAME_SIGNAL_MS;
    lastMs.set(signal, Date.now());
    if (signal === 'SIGINT' && !ownSession && process.stdin.isTTY) return;
    if (!repeated) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, forward);
  const watch = ownSession ? whenNpmIsGone(() => forward('SIGTERM')) : undefined;
  return new Promise((resolve) => {
    const end = (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.off(name, forward);
      resolve({ code, signal, told: lastMs.size > 0 });
    };
    child.on('exit', end);
    child.on('error', (error) => {
      fail(
        `${runtime} does not run on this machine (${error.message}): start Turnpike with a Node ${RUNTIME_MAJOR_MIN} or newer of its own and without ${RUNTIME}.`,
      );
      end(1, null);
    });
  });
}

/** A shell between npm and us may die of the signal that was meant for the server, and npm with it. */
function whenNpmIsGone(stop) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  return setInterval(() => process.ppid !== parent && stop(), 500);
}

/** Commands work from any directory, and the paths their users give mean what they mean there. */
function absoluteIfOurs(argument, position) {
  return position === 0 && argument.endsWith('.ts') ? join(ROOT, argument) : argument;
}

function exitCodeOf(code, signal) {
  return code ?? 128 + os.constants.signals[signal];
}

function majorOf(version) {
  return Number.parseInt(version.slice(1), 10);
}

function readOrEmpty(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(sentence) {
  say(sentence);
  return 1;
}
