// One turn of the conversation: sends it, streams the answer, and says how it ended.

import { type OpenAI, APIConnectionError, APIError, APIUserAbortError } from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

import { failed, type Failure } from '../outcome.ts';
import { unreachable } from '../management.ts';
import { tokensOf, type TurnTokens } from './turn-price.ts';

export type TurnRequest = {
  readonly model: string;
  readonly messages: readonly ChatCompletionMessageParam[];
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
};

export type TurnEnd =
  | {
      readonly kind: 'answered';
      readonly text: string;
      readonly finishReason: string | undefined;
      readonly tokens: TurnTokens | undefined;
      readonly requestId: string | undefined;
    }
  /** Whoever asked stopped it: what was produced until then is paid. */
  | { readonly kind: 'stopped'; readonly text: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

export async function takeTurn(openai: OpenAI, request: TurnRequest): Promise<TurnEnd> {
  let text = '';
  const onText = (delta: string) => {
    text += delta;
    request.onText(delta);
  };
  try {
    const end = await stream(openai, request, onText);
    return request.signal.aborted ? { kind: 'stopped', text } : { kind: 'answered', text, ...end };
  } catch (error) {
    if (error instanceof APIUserAbortError || request.signal.aborted)
      return { kind: 'stopped', text };
    return { kind: 'failed', failure: failureOf(error, openai.baseURL) };
  }
}

async function stream(
  openai: OpenAI,
  { model, messages, signal }: TurnRequest,
  onText: (delta: string) => void,
) {
  const { data, request_id: requestId } = await openai.chat.completions
    .create(
      { model, messages: [...messages], stream: true, stream_options: { include_usage: true } },
      { signal },
    )
    .withResponse();
  let finishReason: string | undefined;
  let tokens: TurnTokens | undefined;
  for await (const chunk of data) {
    const [choice] = chunk.choices;
    if (choice?.delta.content) onText(choice.delta.content);
    finishReason = choice?.finish_reason ?? finishReason;
    if (chunk.usage) tokens = tokensOf(chunk.usage);
  }
  return { finishReason, tokens, requestId: requestId ?? undefined };
}

export function failureOf(error: unknown, url: string): Failure {
  if (error instanceof APIConnectionError) return failureIn(unreachable(url));
  if (error instanceof APIError) {
    const envelope: unknown = error.error;
    const said = envelope instanceof Object && 'message' in envelope ? envelope.message : undefined;
    const message = typeof said === 'string' ? said : error.message;
    const code = typeof error.code === 'string' ? error.code : 'server-error';
    return failureIn(failed(code, sentence(message)));
  }
  const message = error instanceof Error ? error.message : String(error);
  return failureIn(failed('broken-answer', `The answer broke off: ${sentence(message)}`));
}

function failureIn(outcome: ReturnType<typeof failed>): Failure {
  if (outcome.ok) throw new TypeError('failed() makes failures');
  return outcome.failure;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
