// The scripted engine keeps the embedding contract.

import { describeEmbedding } from '../../ports/embedding.contract.ts';
import { ScriptedEngine } from './scripted-engine.ts';

describeEmbedding('scripted', async () => {
  const engine = new ScriptedEngine();
  return { engine, engineModel: 'scripted', dispose: async () => undefined };
});
