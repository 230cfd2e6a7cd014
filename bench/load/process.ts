// The runner's side of the load generator process.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Mark, Plan, Reports } from './plan.ts';

type Answer = {
  readonly mark?: Mark;
  readonly report?: Reports[Plan['kind']];
  readonly failure?: string;
};

export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), { execArgv: [] });
  }

  /** Runs one plan at a time; `onMark` is told when its measured window opens and closes. */
  run<P extends Plan>(
    plan: P,
    onMark: (mark: Mark) => void = () => undefined,
  ): Promise<Reports[P['kind']]> {
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        this.#child.off('message', onMessage);
        this.#child.off('exit', onExit);
        action();
      };
      const onMessage = (message: unknown): void => {
        // `as` because the child is our own load/main.ts, which sends nothing else.
        const answer = message as Answer;
        if (answer.mark !== undefined) return onMark(answer.mark);
        if (answer.failure !== undefined) return settle(() => reject(new Error(answer.failure)));
        // `as` because the report's kind is the plan's: run.ts switches on it.
        settle(() => resolve(answer.report as Reports[P['kind']]));
      };
      const onExit = (): void =>
        settle(() => reject(new Error('The load generator ended before its report.')));
      this.#child.on('message', onMessage);
      this.#child.once('exit', onExit);
      this.#child.send(plan);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, 'exit');
  }
}
