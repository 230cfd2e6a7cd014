// The part of the route table that is about prices; see routes.ts.

import * as z from 'zod';

import { SIMULATED_DAYS_MAX } from './limits.ts';
import {
  by,
  consent,
  draft,
  note,
  priceBook,
  priceVersion,
  rules,
  simulation,
  writtenModels,
} from './prices.ts';
import { id, instant, name, organisationChoice } from './scope.ts';

const book = id.default('default').describe('Absent: the list prices.');
const effectiveFrom = instant.optional().describe('Absent: now.');
const VERSION_MAX = 2_147_483_647;
const done = z.object({ done: z.literal(true) });

export const priceRoutes = {
  listPriceBooks: {
    method: 'GET',
    path: '/prices/books',
    summary: 'The price books: the list prices, and those of contracts.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(priceBook) }),
  },
  createPriceBook: {
    method: 'POST',
    path: '/prices/books',
    summary: 'Makes a book: with prices of its own, or with another one’s under rules.',
    input: z.strictObject({
      id,
      name,
      approvalRequired: z.boolean().default(false),
      base: id.optional(),
      rules: rules.optional(),
      by,
    }),
    output: done,
  },
  setPriceRules: {
    method: 'POST',
    path: '/prices/books/:id/rules',
    summary: 'Changes the rules of a book that has a base, from a moment on.',
    input: z.strictObject({ id, rules, effectiveFrom, by }),
    output: done,
  },
  assignPriceBook: {
    method: 'POST',
    path: '/prices/books/:id/organisations',
    summary: 'An organisation pays by this book, from a moment on.',
    input: z.strictObject({ id, organisation: organisationChoice, effectiveFrom, by }),
    output: done,
  },
  listPriceVersions: {
    method: 'GET',
    path: '/prices/versions',
    summary: 'Every version of a book, the newest first: what was, is and will be in force.',
    input: z.strictObject({ book }),
    output: z.object({ data: z.array(priceVersion) }),
  },
  callOffPriceVersion: {
    method: 'POST',
    path: '/prices/versions/:version/call-off',
    summary:
      'Calls off a version that has not begun, up to five seconds before it does; contracts’ versions that are made of it with it.',
    input: z.strictObject({
      version: z.coerce.number<string | number>().int().min(1).max(VERSION_MAX),
      by,
      reason: note.min(1).describe('Why, for the record.'),
    }),
    output: priceVersion,
  },
  listPriceDrafts: {
    method: 'GET',
    path: '/prices/drafts',
    summary: 'Drafts, and what became of them.',
    input: z.strictObject({}),
    output: z.object({ data: z.array(draft) }),
  },
  savePriceDraft: {
    method: 'POST',
    path: '/prices/drafts',
    summary: 'Makes a draft, or changes one that is not scheduled.',
    input: z.strictObject({
      id: id.optional().describe('Absent: a new one.'),
      book,
      models: writtenModels,
      withdrawn: z
        .array(z.string())
        .default([])
        .describe('Models that are to have no price any more.'),
      note: note.default(''),
      by,
    }),
    output: draft,
  },
  approvePriceDraft: {
    method: 'POST',
    path: '/prices/drafts/:id/approve',
    summary: 'Approves a draft that somebody else has made.',
    input: z.strictObject({ id, by }),
    output: draft,
  },
  schedulePriceDraft: {
    method: 'POST',
    path: '/prices/drafts/:id/schedule',
    summary: 'Makes a version of it, which is in force from a moment on and never changes.',
    input: z.strictObject({ id, effectiveFrom, by }),
    output: draft,
  },
  discardPriceDraft: {
    method: 'POST',
    path: '/prices/drafts/:id/discard',
    summary: 'A draft that is not to be.',
    input: z.strictObject({ id }),
    output: draft,
  },
  simulatePrices: {
    method: 'POST',
    path: '/prices/simulate',
    summary:
      'What the requests of the last days would have cost under other prices, as far as seconds allow: `next` says where to go on. Changes nothing.',
    input: z.strictObject({
      book,
      models: writtenModels,
      days: z.int().min(1).max(SIMULATED_DAYS_MAX).default(30),
      from: instant.optional().describe('Instead of days.'),
      to: instant.optional().describe('Absent: now.'),
    }),
    output: simulation,
  },
  listDataUseConsents: {
    method: 'GET',
    path: '/projects/:id/data-use-consents',
    summary:
      'Who agreed that a project’s requests of the contributor tier may be used, and who took it back.',
    input: z.strictObject({ id }),
    output: z.object({ data: z.array(consent) }),
  },
  recordDataUseConsent: {
    method: 'POST',
    path: '/projects/:id/data-use-consents',
    summary: 'Records a consent, or that it was taken back: in force within a second.',
    input: z.strictObject({
      id,
      organisation: organisationChoice,
      kind: z.enum(['granted', 'revoked']),
      textVersion: name.describe('Which text was agreed to.'),
      by,
    }),
    output: done,
  },
} as const;
