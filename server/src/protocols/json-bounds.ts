// Bounds on JSON that a client nests: everything behind the codecs walks schemas and tool inputs recursively.

import { z } from 'zod';
import { SCHEMA_DEPTH_MAX } from '../limits.ts';

/** A JSON object of bounded depth, such as a JSON Schema or a tool's input. */
export const boundedObject = z
  .record(z.string(), z.unknown())
  .refine((object) => depthIsAtMost(object, SCHEMA_DEPTH_MAX), {
    error: `expected at most ${SCHEMA_DEPTH_MAX} levels`,
  });

function depthIsAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  return Object.values(value).every((inner) => depthIsAtMost(inner, levels - 1));
}
