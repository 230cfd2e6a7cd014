// Where a scenario is played: the client, the engine and the model, and what all scenarios say and check alike.

import assert from 'node:assert/strict';
import {
  FINISHED,
  type Answer,
  type Ask,
  type Client,
  type Failure,
  type Inability,
} from './client.ts';

export type Engine = 'scripted' | 'embedded';

export type Stage = {
  readonly client: Client;
  /** The same library with a key that nobody knows. */
  readonly stranger: Client;
  readonly engine: Engine;
  readonly model: string;
  readonly stream: boolean;
};

export type Scenario = {
  readonly name: string;
  readonly engines: readonly Engine[];
  /** What a client must be able to do to be taken through it. */
  readonly needs?: readonly Inability[];
  /** Only where the client has this. */
  readonly method?: 'loop' | 'countTokens' | 'models' | 'embed';
  /** A real model may talk until it is cut. */
  readonly talks?: true;
  /** Streaming makes no difference to it. */
  readonly once?: true;
  play(stage: Stage): Promise<void>;
};

export const BOTH: readonly Engine[] = ['scripted', 'embedded'];
export const SCRIPTED: readonly Engine[] = ['scripted'];
export const EMBEDDED: readonly Engine[] = ['embedded'];

/** Short enough for the small model to be quick. */
const SHORT_TOKENS = 24;

/** Keeps a real model short, except for clients that make an error of an answer that was cut. */
export function short({ client, engine }: Stage): Partial<Ask> {
  return engine === 'scripted' || client.cannot.includes('cut') ? {} : { maxTokens: SHORT_TOKENS };
}

export function user(text: string): Ask['turns'] {
  return [{ role: 'user', text }];
}

export function ask({ client, model, stream }: Stage, question: Partial<Ask>): Promise<Answer> {
  return client.ask({ model, stream, turns: user('Hello there.'), ...question });
}

export function assertFinished(answer: Answer, how: keyof typeof FINISHED): void {
  const words: readonly string[] = FINISHED[how];
  assert.ok(words.includes(answer.finish), `ended with '${answer.finish}', expected ${how}`);
}

export function assertCounted({ usage }: Answer): void {
  assert.ok(usage.input > 0, 'no input tokens');
  assert.ok(usage.output > 0, 'no output tokens');
}

/** What a client adds to the output tokens of a stream by itself. */
export function slack({ client, stream }: Stage): number {
  return stream && client.cannot.includes('streams-usage') ? 1 : 0;
}

/** The error that a question ends in, as the client tells it. */
export async function refusal(stage: Stage, question: Partial<Ask>): Promise<Failure> {
  const error = await ask(stage, question).then(
    () => assert.fail('it was answered'),
    (thrown: unknown) => thrown,
  );
  return stage.client.failure(error);
}
