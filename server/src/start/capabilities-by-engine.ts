// What the models of each kind of engine can do until the operator says otherwise: what depends on the model alone, such
// as looking at images, is not claimed.

import {
  CAPABILITIES,
  everythingBut,
  type Capabilities,
} from '../domain/generation/capabilities.ts';

const OF_THE_MODEL = ['images', 'documents', 'fetchesUrls', 'reasoning'] as const;
/** Of models of their own. */
const OTHERS = ['embeddings'] as const;

/** Of a model that answers no conversation, whatever its engine. */
export const EMBEDDINGS_ALONE: Capabilities = {
  ...everythingBut(...CAPABILITIES),
  embeddings: true,
};

export const CAPABILITIES_BY_ENGINE = {
  /** Makes JSON and arguments by a grammar; whether it can reason its file says. */
  llama: everythingBut(...OF_THE_MODEL, ...OTHERS),
  /**
   * vLLM, SGLang, llama-server and Ollama keep an answer to a schema, and others read over it and say nothing, as they do
   * over a call that is demanded; few keep the arguments of every strict tool. vLLM and SGLang take token numbers, of the
   * one model's own vocabulary.
   */
  'openai-compatible': {
    ...everythingBut(...OF_THE_MODEL, ...OTHERS, 'strictTools', 'toolGrammars', 'promptTokens'),
    jsonObject: 'promised',
    jsonSchema: 'promised',
    forcedToolChoice: 'promised',
  },
  scripted: everythingBut(...OTHERS, 'toolGrammars'),
} satisfies { readonly [kind: string]: Capabilities };
