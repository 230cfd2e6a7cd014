// Whose data a call is about. A caller with one organisation never has to name it.

import * as z from 'zod';

import { ID_CHARACTERS_MAX, LISTED_MODELS_MAX, NAME_CHARACTERS_MAX } from './limits.ts';

export const id = z
  .string()
  .max(ID_CHARACTERS_MAX)
  .regex(/^\w[\w.:-]*$/, 'is not an id');

export const name = z
  .string()
  .trim()
  .min(1)
  .max(NAME_CHARACTERS_MAX)
  // A line break or an escape sequence in a name would rewrite the terminals and logs that show it.
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

const idOrName = z.string().min(1).max(NAME_CHARACTERS_MAX);

export const organisationChoice = idOrName
  .optional()
  .describe('Id or name of the organisation; may be left out while there is exactly one.');

export const projectChoice = idOrName
  .optional()
  .describe('Id or name of the project; may be left out while the organisation has exactly one.');

export const modelId = z.string().regex(/^[\w.:/-]{1,128}$/, 'is not the id of a model');

export const modelList = z
  .array(modelId)
  .max(LISTED_MODELS_MAX)
  .describe('Ids of models, as `GET /manage/v1/models` shows them.');

/** For changing it. */
export const modelListOrNull = modelList
  .nullable()
  .describe('The only models that may be called: none with an empty list, every one with null.');

export const instant = z.iso
  .datetime()
  .describe('A point in time, ISO 8601 in UTC: "2026-11-20T10:15:00.000Z".');
