// When to stop: SIGTERM, SIGINT, or a reason of our own. A second signal means: do not wait for running answers.

export type StopRequests = {
  /** Resolves with nothing for a signal, with a sentence when the server can't go on. */
  readonly requested: Promise<string | undefined>;
  readonly hurry: AbortSignal;
  readonly stopBecause: (sentence: string) => void;
};

export function stopRequests(): StopRequests {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const hurry = new AbortController();
  let signals = 0;
  const onSignal = (): void => {
    signals++;
    if (signals === 1) resolve(undefined);
    else hurry.abort();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return { requested: promise, hurry: hurry.signal, stopBecause: resolve };
}
