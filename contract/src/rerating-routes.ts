// The part of the route table about prices that change afterwards; see routes.ts.

import * as z from 'zod';

import { by, note } from './prices.ts';
import { ratedVersion, ratingPreview, rerating } from './reratings.ts';
import { id, instant, organisationChoice } from './scope.ts';

const about = {
  organisation: organisationChoice,
  everybody: z.boolean().default(false).describe('Instead of one organisation.'),
  from: instant.describe('Requests that began then or later.'),
  to: instant.describe('And before that.'),
  version: ratedVersion,
};

export const reratingRoutes = {
  previewRerating: {
    method: 'POST',
    path: '/prices/reratings/preview',
    summary: 'What charges of the past would be under other prices. Changes nothing.',
    input: z.strictObject(about),
    output: ratingPreview,
  },
  beginRerating: {
    method: 'POST',
    path: '/prices/reratings',
    summary:
      'Records that charges of the past are to be under other prices; `proceed` does it. One at a time.',
    input: z.strictObject({
      id: id.describe('Makes it safe to send twice.'),
      ...about,
      note: note.default('').describe('Why; customers read it on their invoices.'),
      by,
    }),
    output: rerating,
  },
  proceedRerating: {
    method: 'POST',
    path: '/prices/reratings/:id/proceed',
    summary: 'Works on it for some seconds; again until it is finished.',
    input: z.strictObject({ id }),
    output: rerating,
  },
  listReratings: {
    method: 'GET',
    path: '/prices/reratings',
    summary: 'Every time that charges of the past were changed, the newest first.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(rerating) }),
  },
} as const;
