// Models as OpenAI shows them: one page, all of them.
// Source: OpenAI's published OpenAPI document, schemas Model and ListModelsResponse.

import { ok } from '../../lib/result.ts';
import type { ModelFacts, ModelPages } from '../protocol.ts';

export const chatModels: ModelPages = {
  list: (models) => ok({ object: 'list', data: models.map(modelObject) }),
  one: modelObject,
};

function modelObject(model: ModelFacts): object {
  return { id: model.id, object: 'model', created: model.createdAtSeconds, owned_by: 'turnpike' };
}
