// Asks the same questions through the served API, as a client would: tools, schemas and effort as request fields.

import { parsed, type Answer, type Call } from './judge.ts';

const ANSWER_TOKENS_MAX = 240;
const TIMEOUT_MS = 60_000;

export type Api = { readonly baseUrl: string; readonly key: string; readonly model: string };

type Completion = {
  readonly choices?: readonly {
    readonly finish_reason?: string;
    readonly message?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    };
  }[];
};

export async function askApi(api: Api, request: Record<string, unknown>): Promise<Answer> {
  const response = await fetch(`${api.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${api.key}` },
    body: JSON.stringify({
      ...request,
      model: api.model,
      temperature: 0,
      max_tokens: ANSWER_TOKENS_MAX,
    }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok)
    throw new Error(`The API answered ${response.status}: ${await response.text()}`);
  // The wire's word for the shape of the body; every field that is used is checked for being there.
  const completion = (await response.json()) as Completion;
  const choice = completion.choices?.[0];
  const message = choice?.message;
  const calls = (message?.tool_calls ?? []).map((call): Call => ({
    name: call.function.name,
    arguments: parsed(call.function.arguments),
  }));
  return { text: message?.content ?? '', calls, cut: choice?.finish_reason === 'length' };
}
