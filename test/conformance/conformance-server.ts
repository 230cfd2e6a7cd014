// The Turnpike that is held to the protocols: the scripted engine, which does what a prompt says, the model that ships,
// and a model that nobody can pay for.

import { fileURLToPath } from 'node:url';
import { Turnpike } from '../e2e/turnpike.ts';

const GGUF = fileURLToPath(
  new URL('../../models/turnpike-mini/turnpike-mini.gguf', import.meta.url),
);

export const SCRIPTED = 'scripted';
export const EMBEDDED = 'turnpike-mini';

const CONFIG = {
  engines: [
    { kind: 'scripted', name: 'scripted' },
    { kind: 'llama', name: 'embedded', model: GGUF },
  ],
  models: [
    {
      id: SCRIPTED,
      engine: 'scripted',
      contextTokensMax: 200_000,
      outputTokensMax: 4_096,
      price: { input: '0.01', cacheRead: '0.001', output: '0.01' },
    },
    { id: EMBEDDED, engine: 'embedded', price: { input: '0.01', output: '0.01' } },
    {
      id: 'embedder',
      engine: 'scripted',
      type: 'embedding',
      price: { input: '0.01', output: '0' },
    },
    { id: 'dear', engine: 'scripted', price: { input: '9000000', output: '9000000' } },
  ],
};

export function startConformanceServer(): Promise<Turnpike> {
  return Turnpike.start({ config: CONFIG });
}
