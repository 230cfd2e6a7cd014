// What the embedded engine can't do yet is refused by name, never ignored.

import type { EngineFailure } from '../../domain/generation/engine-failure.ts';
import type { Generation } from '../../domain/generation/generation.ts';

export function unsupported(generation: Generation): EngineFailure | undefined {
  const { tools, toolChoice, items, output } = generation;
  if (tools.length > 0 && toolChoice.kind !== 'none') {
    return { kind: 'unsupported', feature: 'tools', field: 'tools' };
  }
  const at = items.findIndex(({ kind }) => kind === 'tool-call' || kind === 'tool-result');
  if (at >= 0) return { kind: 'unsupported', feature: 'tools', field: `items[${at}]` };
  if (output.kind !== 'text') {
    return { kind: 'unsupported', feature: `output as ${output.kind}`, field: 'output' };
  }
  return undefined;
}
