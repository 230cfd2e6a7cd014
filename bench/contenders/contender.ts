// What the runner needs of anything it measures. Each contender is one file beside this one.

import type { Target } from '../load/plan.ts';

/** Where a contender may put its files and which port it should listen on. */
export type Site = {
  readonly upstreamPort: number;
  readonly port: number;
  /** An empty directory of its own, removed after the run. */
  readonly directory: string;
};

/** A contender that serves; disposing of it stops its processes. */
export type Running = AsyncDisposable & {
  readonly kind: 'running';
  readonly version: string;
  readonly target: Target;
  /** The process whose tree is charged with the work; undefined where there is none but the upstream. */
  readonly pid: number | undefined;
  /** Names the part of the contender that a process of its tree belongs to. */
  partOf(command: string): string;
};

export type Unavailable = { readonly kind: 'unavailable'; readonly reason: string };

export type Contender = {
  readonly name: string;
  start(site: Site): Promise<Running | Unavailable>;
};

export const CHAT_PATH = '/v1/chat/completions';

/** The part that carries the requests, in every contender. */
export const GATEWAY_PART = 'gateway';
