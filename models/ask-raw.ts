// Asks the GGUF directly through llama.cpp: greedy, no grammar, so that what is measured is the model and nothing else.

import {
  getLlama,
  LlamaLogLevel,
  type LlamaContextSequence,
  type LlamaModel,
  type Token,
} from 'node-llama-cpp';

import { parsed, type Answer, type Call } from './judge.ts';

export type PromptPart = string | { readonly control: string };
export type RawModel = AsyncDisposable & {
  readonly ask: (prompt: readonly PromptPart[]) => Promise<Answer>;
  readonly producedTokens: () => number;
};

const CONTEXT_TOKENS = 2048;
const ANSWER_TOKENS_MAX = 240;
const THREADS = 1;

export async function openRawModel(modelPath: string): Promise<RawModel> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    skipDownload: true,
    logLevel: LlamaLogLevel.error,
    maxThreads: THREADS,
  });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({
    contextSize: CONTEXT_TOKENS,
    sequences: 1,
    threads: THREADS,
  });
  const sequence = context.getSequence();
  let produced = 0;
  return {
    ask: async (prompt) => {
      const answer = await complete(model, sequence, encode(model, prompt));
      produced += answer.length;
      return read(model.detokenize(answer, true));
    },
    producedTokens: () => produced,
    [Symbol.asyncDispose]: () => llama.dispose(),
  };
}

function encode(model: LlamaModel, prompt: readonly PromptPart[]): Token[] {
  return prompt.flatMap((part) =>
    typeof part === 'string' ? model.tokenize(part, false) : model.tokenize(part.control, true),
  );
}

async function complete(
  model: LlamaModel,
  sequence: LlamaContextSequence,
  prompt: Token[],
): Promise<Token[]> {
  await sequence.clearHistory();
  const answer: Token[] = [];
  for await (const token of sequence.evaluate(prompt, { temperature: 0 })) {
    if (model.isEogToken(token)) break;
    answer.push(token);
    if (answer.length >= ANSWER_TOKENS_MAX) break;
  }
  return answer;
}

/** Splits what the model wrote into thoughts (dropped; the prompt may have opened them), tool calls and text. */
export function read(written: string): Answer {
  const spoken = written.replace(/^[^]*?<\/think>\n?/, '');
  const calls: Call[] = [];
  const text = spoken.replace(/<tool_call>\n?([^]*?)\n?<\/tool_call>\n?/g, (_, body: string) => {
    const call = parsed(body);
    calls.push(isCall(call) ? call : { name: '', arguments: undefined });
    return '';
  });
  return { text, calls };
}

function isCall(value: unknown): value is Call {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'arguments' in value
  );
}
