// Tools as clients declare them, made up from a seed: every shape in turn. `expected` says what must become of a request
// with them.

import { ODD_TOOL_SHAPES } from './odd-tool-shapes.ts';
import { Chance, type Make, type ToolCase } from './tool-schema-parts.ts';
import { TOOL_SHAPES } from './tool-shapes.ts';

const CASES = 300;

export function toolCases(seed: number, count: number = CASES): readonly ToolCase[] {
  const chance = new Chance(seed);
  return Array.from({ length: count }, (_, index) => {
    const [shape, make] = SHAPES[index % SHAPES.length] ?? SHAPES[0];
    return { shape, expected: 'served', ...make(chance, index) };
  });
}

// There are some, which the lists don't say.
const SHAPES = [...TOOL_SHAPES, ...ODD_TOOL_SHAPES] as unknown as readonly [
  readonly [string, Make],
  ...(readonly [string, Make])[],
];
