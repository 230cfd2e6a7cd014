// Models as OpenAI shows them: one page, all of them.
// Source: OpenAI's published OpenAPI document, schemas Model and ListModelsResponse.

import { ok } from '../../lib/result.ts';
import { modelCard } from '../model-card.ts';
import type { ModelFacts, ModelPages } from '../protocol.ts';

export const chatModels: ModelPages = {
  // Some versions of Codex don't read an answer without `models`, and leave alone a list without entries of theirs.
  list: (models) => ok({ object: 'list', data: models.map(modelObject), models: [] }),
  one: modelObject,
};

function modelObject(model: ModelFacts): object {
  const { id, createdAtSeconds: created } = model;
  return { id, object: 'model', created, owned_by: 'turnpike', ...modelCard(model) };
}
