// Where an answer goes. The gateway writes to a Sink instead of returning a stream, so a request's scope lives
// exactly as long as the request. http/ implements it over a socket; tests over memory.

export type Headers = { readonly [name: string]: string };

export interface Sink {
  /** Aborted when the client is gone, or when the server stops and has waited long enough. */
  readonly signal: AbortSignal;

  /** The whole answer in one piece. */
  answer(status: number, headers: Headers, body: string): void;

  /**
   * A streamed answer is to come. Its headers are asked for when they leave, with the first bytes, which are `heartbeat` if nothing else is
   * written for a while; until then it can still be answered as a whole.
   */
  begin(headers: () => Headers, heartbeat: string): void;

  /** True once a streamed answer has sent its headers. */
  readonly opened: boolean;

  /** Undefined when the client keeps up; else a promise that resolves when it does, or when it is gone. */
  write(text: string): Promise<void> | undefined;

  /** The last bytes of a streamed answer. */
  end(text: string): void;

  /** Breaks the connection: the only honest end for an answer that can't be completed. */
  destroy(): void;
}
