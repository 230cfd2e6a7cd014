// Bounds on JSON that a client nests: everything behind the codecs walks schemas and tool inputs recursively.

import { z } from 'zod';
import { SCHEMA_DEPTH_MAX, TOOL_NAME_CHARACTERS_MAX, TOOL_SCHEMA_DEPTH_MAX } from '../limits.ts';

/** A JSON object of bounded depth, such as a JSON Schema or a tool's input. */
export const boundedObject = z
  .record(z.string(), z.unknown())
  .refine((object) => depthIsAtMost(object, SCHEMA_DEPTH_MAX), {
    error: `expected at most ${SCHEMA_DEPTH_MAX} levels`,
  });

/**
 * The schema of a tool's arguments: an object, or what is as good as an empty one. What is in it is looked at by
 * domain/tools, tool by tool, so that one odd schema among many ends no request.
 */
export const toolParameters = z.preprocess(
  (value) => (value === true || (Array.isArray(value) && value.length === 0) ? {} : value),
  z
    .record(z.string(), z.unknown(), 'expected a JSON Schema, which is an object')
    .refine((object) => depthIsAtMost(object, TOOL_SCHEMA_DEPTH_MAX), {
      error: `expected at most ${TOOL_SCHEMA_DEPTH_MAX} levels`,
    }),
);

/** Any text: what engines don't take as a name is renamed for them by domain/tools. */
export const toolName = z.string().min(1).max(TOOL_NAME_CHARACTERS_MAX);

function depthIsAtMost(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && !depthIsAtMost(inner, levels - 1)) return false;
  }
  return true;
}
