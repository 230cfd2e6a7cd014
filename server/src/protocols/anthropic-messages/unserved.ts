// What Anthropic knows and we do not serve: refused by name rather than ignored.

import type { Refusal } from '../../domain/refusal.ts';
import { blocksOf, type Block, type Message } from './content.ts';
import type { CountRequest } from './request.ts';
import type { Version } from './version.ts';

export function unservedFeature(request: CountRequest, version: Version): Refusal | undefined {
  return unservedField(request) ?? definedTool(request) ?? unservedBlock(request.messages, version);
}

/** What each of these would be; null and an empty list are nothing. */
const FIELDS = {
  mcp_servers: 'MCP servers',
  compaction: 'compaction',
  container: 'containers',
  thread: 'threads',
} as const;

function unservedField(request: CountRequest): Refusal | undefined {
  // `container` and `thread` are fields of a request for an answer only.
  const fields: { readonly [name: string]: unknown } = request;
  for (const [field, name] of Object.entries(FIELDS)) {
    const value = fields[field];
    if (value != null && !(Array.isArray(value) && value.length === 0)) return feature(name, field);
  }
  return request.speed === 'fast' ? feature('fast mode', 'speed') : undefined;
}

/** Tools whose schema Anthropic's models were trained on, and tools that run on its servers. */
function definedTool({ tools }: CountRequest): Refusal | undefined {
  const at = (tools ?? []).findIndex(({ type }) => type != null && type !== 'custom');
  const type = tools?.[at]?.type;
  return type == null ? undefined : feature(`the tool type ${type.slice(0, 100)}`, `tools[${at}]`);
}

function unservedBlock(messages: readonly Message[], version: Version): Refusal | undefined {
  for (const [index, { role, content }] of messages.entries()) {
    if (typeof content === 'string') continue;
    for (const [at, block] of blocksOf(content).entries()) {
      const field = `messages[${index}].content[${at}]`;
      const cites = block.type === 'text' && (block.citations ?? []).length > 0;
      if (cites && role === 'user' && version !== '2023-06-01') {
        const message = `'${field}.citations' must be empty in a user message since the API version 2026-10-21.`;
        return { kind: 'invalid-request', field: `${field}.citations`, message };
      }
      const found = unservedIn(block, field);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function unservedIn(block: Block, field: string): Refusal | undefined {
  switch (block.type) {
    case 'text':
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      return undefined;
    case 'tool_result': {
      if (!Array.isArray(block.content)) return undefined;
      const at = block.content.findIndex(({ type }) => type !== 'text');
      const inner = block.content[at];
      return inner && feature(`${inner.type} input`, `${field}.content[${at}]`);
    }
    default:
      return feature(`${block.type} input`, field);
  }
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}
