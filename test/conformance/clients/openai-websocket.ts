// The official `openai` client on Responses over a WebSocket: a socket for each question, its events as they come.

import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';
import type { Ask, Client, Target } from './client.ts';
import { openaiFailure } from './openai-chat.ts';
import { answerOf, params } from './openai-responses.ts';

export function openaiWebSocket({ origin, key }: Target): Client {
  const client = new OpenAI({ baseURL: `${origin}/v1`, apiKey: key });
  return {
    name: 'openai websocket',
    protocol: 'responses',
    cannot: ['stop', 'retry', 'status'],
    ask: async (ask) => answerOf(await responseTo(client, ask)),
    failure: openaiFailure,
  };
}

async function responseTo(client: OpenAI, ask: Ask): Promise<OpenAI.Responses.Response> {
  const socket = new ResponsesWS(client);
  const answer = Promise.withResolvers<OpenAI.Responses.Response>();
  const leave = (): void => answer.reject(new Error('left'));
  ask.signal?.addEventListener('abort', leave, { once: true });
  socket.on('error', (error) => answer.reject(error));
  socket.on('event', (event) => {
    if (event.type === 'response.output_text.delta') ask.onText?.();
    if (event.type === 'response.failed') answer.reject(new Error(event.response.error?.message));
    if (event.type === 'response.completed' || event.type === 'response.incomplete') {
      // The HTTP client puts this together; over a socket it is left to us.
      const texts = event.response.output.flatMap((item) =>
        item.type === 'message' ? item.content : [],
      );
      const output_text = texts
        .map((part) => (part.type === 'output_text' ? part.text : ''))
        .join('');
      answer.resolve({ ...event.response, output_text });
    }
  });
  try {
    socket.send({ type: 'response.create', ...params(ask) });
    return await answer.promise;
  } finally {
    ask.signal?.removeEventListener('abort', leave);
    socket.close();
  }
}
