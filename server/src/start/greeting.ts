// On the first start the server asks itself one question through the official client, over the wire: what a newcomer
// sees then has been through everything.

import { formatDollars, parseDollars } from '../domain/money/nano.ts';
import { paint } from './terminal.ts';

const QUESTION = 'What is Turnpike?';
const ANSWER_TOKENS_MAX = 64;
const TIMEOUT_MS = 20_000;

/** The lines to show; an error is shown as what it is, because the server itself is up. */
export async function greeting(baseUrl: string, apiKey: string, model: string): Promise<string> {
  // Loaded here because only the first start needs it.
  const { default: OpenAI } = await import('openai');
  const client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, timeout: TIMEOUT_MS });
  try {
    const { data: answer, response } = await client.chat.completions
      .create({
        model,
        messages: [{ role: 'user', content: QUESTION }],
        max_completion_tokens: ANSWER_TOKENS_MAX,
        temperature: 0,
      })
      .withResponse();
    const cost = shownDollars(response.headers.get('turnpike-cost-usd'));
    const credit = shownDollars(response.headers.get('turnpike-credit-usd'));
    const { prompt_tokens: input = 0, completion_tokens: output = 0 } = answer.usage ?? {};
    return [
      `  ${paint('bold', 'First request')} ${paint('dim', "(to this server, through the official 'openai' client)")}`,
      '',
      `    ${paint('dim', 'you    ')}${QUESTION}`,
      `    ${paint('dim', `model  `)}${(answer.choices[0]?.message.content ?? '').trim().replaceAll('\n', '\n           ')}`,
      `    ${paint('dim', `${input} tokens in, ${output} out · price ${cost} · credit left ${credit}`)}`,
      '',
    ].join('\n');
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return `  ${paint('yellow', '!')} The first request failed: ${detail}\n`;
  }
}

function shownDollars(header: string | null): string {
  const amount = parseDollars(header ?? '');
  return amount === undefined ? '?' : formatDollars(amount);
}
