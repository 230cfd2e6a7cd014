// OpenAI's reports for administrators: GET /v1/organization/usage/… and /v1/organization/costs.

import type { ReportProtocol, ReportRoute } from '../report-protocol.ts';
import { showCosts } from './costs.ts';
import { readCostQuery, readOtherQuery, readUsageQuery } from './query.ts';
import { showCompletions, showEmbeddings, showNothing } from './usage.ts';

const USAGE = '/v1/organization/usage';

/** Categories of what is not sold here. */
const OTHERS = [
  'moderations',
  'images',
  'audio_speeches',
  'audio_transcriptions',
  'vector_stores',
  'code_interpreter_sessions',
  'file_search_calls',
  'web_search_calls',
];

const routes: readonly ReportRoute[] = [
  {
    path: `${USAGE}/completions`,
    read: (query, nowMs) => readUsageQuery(query, nowMs, 'generations'),
    show: showCompletions,
  },
  {
    path: `${USAGE}/embeddings`,
    read: (query, nowMs) => readUsageQuery(query, nowMs, 'embeddings'),
    show: showEmbeddings,
  },
  { path: '/v1/organization/costs', read: readCostQuery, show: showCosts },
  ...OTHERS.map((category) => ({
    path: `${USAGE}/${category}`,
    read: readOtherQuery,
    show: showNothing,
  })),
];

export const openaiOrganization: ReportProtocol = {
  name: 'openai-organization',
  dialect: 'openai-chat',
  routes,
};
