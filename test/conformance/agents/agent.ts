// A coding agent as a program: asked once, without a person, in a home of its own.

import { spawn } from 'node:child_process';

export type Asked = {
  readonly prompt: string;
  /** Goes on from this session. */
  readonly session?: string;
};

export type Told = {
  readonly exitCode: number | null;
  readonly text: string;
  readonly session: string | undefined;
  readonly seconds: number;
};

export type Site = {
  readonly origin: string;
  readonly key: string;
  readonly model: string;
  /** For its settings and its work; thrown away afterwards. */
  readonly directory: string;
};

export interface Agent {
  readonly name: string;
  ask(asked: Asked): Promise<Told>;
  /** A prompt that makes the scripted engine call the agent's shell with this command, and then say what came of it. */
  shellPrompt(command: string): string;
}

const RUN_MS_MAX = 120_000;

export type Ran = {
  readonly exitCode: number | null;
  readonly output: string;
  readonly seconds: number;
};

export async function run(
  command: string,
  args: readonly string[],
  directory: string,
  env: { readonly [name: string]: string },
): Promise<Ran> {
  const startMs = performance.now();
  const child = spawn(command, args, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
    env: { PATH: process.env['PATH'], HOME: directory, ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, output, seconds: (performance.now() - startMs) / 1000 };
}
