// Anthropic's reports for administrators: GET /v1/organizations/usage_report/messages and /v1/organizations/cost_report.

import type { ReportProtocol } from '../report-protocol.ts';
import { showCosts } from './costs.ts';
import { readCostQuery, readUsageQuery } from './query.ts';
import { showUsage } from './usage.ts';

export const anthropicOrganization: ReportProtocol = {
  name: 'anthropic-organization',
  dialect: 'anthropic-messages',
  routes: [
    { path: '/v1/organizations/usage_report/messages', read: readUsageQuery, show: showUsage },
    { path: '/v1/organizations/cost_report', read: readCostQuery, show: showCosts },
  ],
};
