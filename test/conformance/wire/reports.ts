// One answer of every address of OpenAI's usage and costs, after what was asked before.

import assert from 'node:assert/strict';
import type { Turnpike } from '../../e2e/turnpike.ts';
import type { Answered } from './routes.ts';

const USAGE = '/v1/organization/usage';
const CATEGORIES = [
  'completions',
  'embeddings',
  'moderations',
  'images',
  'audio_speeches',
  'audio_transcriptions',
  'vector_stores',
  'code_interpreter_sessions',
  'file_search_calls',
  'web_search_calls',
];

export async function playReports(turnpike: Turnpike): Promise<readonly Answered[]> {
  const key = await turnpike.adminKey();
  const from = Math.floor(Date.now() / 1000) - 86_400;
  const groups: { readonly [route: string]: string } = {
    [`${USAGE}/completions`]: '&group_by[]=model&group_by[]=service_tier&group_by[]=batch',
    '/v1/organization/costs': '&group_by[]=line_item&group_by[]=project_id',
  };
  const routes = [
    ...CATEGORIES.map((category) => `${USAGE}/${category}`),
    '/v1/organization/costs',
  ];
  return await Promise.all(
    routes.map(async (route): Promise<Answered> => {
      const query = `?start_time=${from}${groups[route] ?? ''}`;
      const headers = { authorization: `Bearer ${key}` };
      const response = await fetch(turnpike.origin + route + query, { headers });
      const body: unknown = await response.json();
      assert.equal(response.status, 200, `${route}: ${JSON.stringify(body)}`);
      return { method: 'GET', route, body };
    }),
  );
}
