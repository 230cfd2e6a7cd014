// The conversation: reads what is said line by line, from a terminal or a pipe, answers each line, and shows what it
// cost. Ctrl-C ends a running answer, and the chat when none is running.

import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Model } from '@turnpike/contract/models.ts';
import type { Money } from '@turnpike/contract/money.ts';
import type OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

import { report, type Cli } from '../action.ts';
import { dollars, grouped } from '../amounts.ts';
import type { Management } from '../management.ts';
import { cyan, dim, yellow } from '../paint.ts';
import { priceOf } from './turn-price.ts';
import { takeTurn, type TurnEnd } from './turn.ts';

export type Chat = {
  readonly openai: OpenAI;
  readonly model: string;
  /** Of the model, where the management API could be asked. */
  readonly price: Model['price'];
  readonly management: Management | undefined;
  readonly system: string | undefined;
  readonly json: boolean;
};

/** Engines stop within a second of being told. */
const SETTLED_WITHIN_MS = 2_000;
const ASK_AGAIN_MS = 100;

type Answered = Extract<TurnEnd, { kind: 'answered' }>;

export async function converse(cli: Cli, chat: Chat): Promise<void> {
  const isTerminal = process.stdin.isTTY && !chat.json;
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout } : {}),
    terminal: isTerminal,
    prompt: cyan('› '),
  });
  const interrupt = interruptible(() => lines.close());
  lines.on('SIGINT', interrupt.now);
  process.on('SIGINT', interrupt.now);
  try {
    const messages: ChatCompletionMessageParam[] = [];
    if (chat.system !== undefined) messages.push({ role: 'system', content: chat.system });
    if (isTerminal) lines.prompt();
    for await (const line of lines) {
      const goesOn = line.trim() === '' || (await say(cli, chat, messages, line, interrupt));
      if (!goesOn && !isTerminal) return;
      if (isTerminal) lines.prompt();
    }
  } finally {
    lines.close();
    if (isTerminal) process.stdout.write('\n'); // the shell's prompt gets a line of its own
    process.off('SIGINT', interrupt.now);
  }
}

type Interrupt = {
  readonly now: () => void;
  during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>;
};

function interruptible(leave: () => void): Interrupt {
  let running: AbortController | undefined;
  return {
    now: () => (running === undefined ? leave() : running.abort()),
    async during(work) {
      running = new AbortController();
      try {
        return await work(running.signal);
      } finally {
        running = undefined;
      }
    },
  };
}

/** False when the turn failed: a script stops there, a person may try again. */
async function say(
  cli: Cli,
  chat: Chat,
  messages: ChatCompletionMessageParam[],
  line: string,
  interrupt: Interrupt,
): Promise<boolean> {
  const asked: ChatCompletionMessageParam = { role: 'user', content: line };
  const end = await interrupt.during((signal) =>
    takeTurn(chat.openai, {
      model: chat.model,
      messages: [...messages, asked],
      signal,
      onText: (text) => void (chat.json || process.stdout.write(text)),
    }),
  );
  if (end.kind === 'failed') {
    report(end.failure, chat.json);
    cli.exitCode = end.failure.exitCode;
    return false;
  }
  messages.push(asked, { role: 'assistant', content: end.text });
  cli.exitCode = 0;
  await showEnd(chat, end);
  return true;
}

async function showEnd(chat: Chat, end: Exclude<TurnEnd, { kind: 'failed' }>): Promise<void> {
  const { management } = chat;
  const left = management && (await creditLeft(management, end.kind === 'stopped'));
  if (chat.json) {
    process.stdout.write(`${JSON.stringify(jsonOf(chat, end, left))}\n`);
    return;
  }
  const facts =
    end.kind === 'stopped' ? [yellow('stopped; what was written is paid')] : factsOf(chat, end);
  const credit = left === undefined ? [] : [`${dollars(left)} left`];
  process.stdout.write(`\n${dim([...facts, ...credit].join(' · '))}\n\n`);
}

function factsOf({ price }: Chat, { tokens, finishReason }: Answered): readonly string[] {
  if (tokens === undefined) return ['the server reported no tokens'];
  const cached = tokens.cacheRead === 0 ? '' : ` (${grouped(tokens.cacheRead)} cached)`;
  return [
    `${grouped(tokens.input + tokens.cacheRead)} tokens in${cached}`,
    `${grouped(tokens.output + tokens.reasoning)} out`,
    ...(price === undefined ? [] : [dollars(priceOf(tokens, price))]),
    ...(finishReason === 'length' ? ['cut at the length limit'] : []),
  ];
}

function jsonOf(
  { model, price }: Chat,
  end: Exclude<TurnEnd, { kind: 'failed' }>,
  left: Money | undefined,
): unknown {
  const tokens = end.kind === 'answered' ? end.tokens : undefined;
  return {
    model,
    content: end.text,
    stopped: end.kind === 'stopped',
    finishReason: end.kind === 'answered' ? (end.finishReason ?? null) : null,
    requestId: end.kind === 'answered' ? (end.requestId ?? null) : null,
    tokens: tokens ?? null,
    price: tokens === undefined || price === undefined ? null : priceOf(tokens, price),
    creditLeft: left ?? null,
  };
}

/**
 * A finished answer was settled before its last byte. One that was stopped settles when the engine has let go: until
 * then its hold is missing from the credit, so the books are asked again for a moment.
 */
async function creditLeft(management: Management, wasStopped: boolean): Promise<Money | undefined> {
  const deadlineMs = performance.now() + (wasStopped ? SETTLED_WITHIN_MS : 0);
  for (;;) {
    const balance = await management.ask('getBalance', {});
    if (!balance.ok) return undefined;
    const { available, held } = balance.value;
    if (held.nano === '0' || performance.now() >= deadlineMs) return available;
    await sleep(ASK_AGAIN_MS);
  }
}
