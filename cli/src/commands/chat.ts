// `turnpike chat`: a small chat in the terminal, through the official client, that shows the price of each turn.

import type { Model } from '@turnpike/contract/models.ts';
import type { Command } from 'commander';

import { print, type Cli, type JsonOption } from '../action.ts';
import { connect, type Management } from '../management.ts';
import { done, failed, type Outcome } from '../outcome.ts';
import { bold, dim } from '../paint.ts';
import type { Chat } from '../chat/conversation.ts';

type Options = JsonOption & {
  readonly key?: string;
  readonly model?: string;
  readonly system?: string;
};

const HELP = `
Each line that is said is one turn; the conversation is kept until the end. Ctrl-C ends a running answer, and the
chat when none is running; so does Ctrl-D. Without a key, the chat makes one of its own, named "turnpike chat", and
keeps it in the data directory.

Examples:
  turnpike chat
  turnpike chat --model turnpike-mini --system "Answer in one sentence."
  printf 'Hello\\nWhat did I just say?\\n' | turnpike chat
  echo Hello | turnpike chat --json`;

export function addChat(program: Command, cli: Cli): void {
  program
    .command('chat')
    .description('talk to a model; shows the price of each turn')
    .option('--model <id>', 'which model (default: the first that the key may use)')
    .option('--system <text>', 'instructions for the whole chat')
    .option('--key <key>', "an API key; TURNPIKE_API_KEY keeps it out of the shell's history")
    .option('--json', 'print one JSON object a turn')
    .addHelpText('after', HELP)
    .action((options: Options) => chat(cli, options));
}

async function chat(cli: Cli, options: Options): Promise<void> {
  const opened = await open(cli, options);
  if (!opened.ok) return print(cli, options, opened);
  if (process.stdin.isTTY && options.json !== true) greet(opened.value);
  const { converse } = await import('../chat/conversation.ts');
  await converse(cli, opened.value);
}

async function open(
  cli: Cli,
  { key: given, model, system, json }: Options,
): Promise<Outcome<Chat>> {
  const { surroundings } = cli;
  // The client is heavy; the other commands start without it.
  const [{ default: OpenAI }, { chatKey }, { failureOf }] = await Promise.all([
    import('openai'),
    import('../chat/chat-key.ts'),
    import('../chat/turn.ts'),
  ]);
  const management = await connect(surroundings);
  const key = await chatKey(surroundings, given, management);
  if (!key.ok) return key;
  const openai = new OpenAI({
    apiKey: key.value,
    baseURL: `${surroundings.url}/v1`,
    maxRetries: 1,
  });
  try {
    const chosen = model ?? (await openai.models.list()).data[0]?.id;
    if (chosen === undefined) return failed('no-model', 'This key may use no model.');
    return done({
      openai,
      model: chosen,
      price: management.ok ? await priceOf(management.value, chosen) : undefined,
      management: management.ok ? management.value : undefined,
      system,
      json: json === true,
    });
  } catch (error) {
    return { ok: false, failure: failureOf(error, surroundings.url) };
  }
}

async function priceOf(management: Management, id: string): Promise<Model['price']> {
  const listed = await management.ask('listModels', {});
  return listed.ok ? listed.value.data.find((model) => model.id === id)?.price : undefined;
}

function greet({ model, management }: Chat): void {
  const hint =
    management === undefined ? ' Prices are shown where the admin token is at hand.' : '';
  process.stdout.write(
    `${bold(model)} ${dim(`Ctrl-C ends an answer, Ctrl-D the chat.${hint}`)}\n\n`,
  );
}
