// Every way the management API says no: one envelope, one table of codes.

import * as z from 'zod';

/** Each code has one HTTP status. */
export const ERROR_STATUS = {
  'invalid-request': 400,
  /** Several could be meant and the caller named none; the message lists them. */
  'choice-required': 400,
  /** No whole cents, or outside what may be paid at once. */
  'invalid-amount': 400,
  'wrong-currency': 400,
  unauthenticated: 401,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  /** A list of prices that leaves out a model which has a price. */
  'price-gap': 409,
  /** Two versions of one book from the same moment on. */
  'price-overlap': 409,
  /** What is scheduled or in force never changes. */
  'price-immutable': 409,
  /** A moment that is over, or too far away. */
  'price-moment': 400,
  /** By somebody else than who made it. */
  'approval-required': 409,
  /** The server has no provider for this kind of payment. */
  'no-payment-provider': 409,
  /** There is no saved card to charge. */
  'no-payment-method': 409,
  'body-too-large': 413,
  'unsupported-media-type': 415,
  internal: 500,
  /** The payment provider refused, or gave no answer. */
  'payment-provider-failed': 502,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

export const errorEnvelope = z.object({
  error: z.object({
    code: z.string().describe('One of the codes in the table; new ones may be added.'),
    message: z.string().describe('One sentence for people: what is wrong and what to do.'),
    field: z.string().optional().describe('The field that is wrong, as the caller wrote it.'),
  }),
});

export type ManagementError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly field?: string;
};
