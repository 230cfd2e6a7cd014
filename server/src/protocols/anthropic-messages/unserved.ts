// What Anthropic knows and we do not serve: refused by name rather than ignored.

import type { Refusal } from '../../domain/refusal.ts';
import {
  blocksOf,
  type Block,
  type DocumentBlock,
  type ImageBlock,
  type Message,
} from './content.ts';
import type { CountRequest } from './request.ts';
import type { Version } from './version.ts';

export function unservedFeature(request: CountRequest, version: Version): Refusal | undefined {
  return unservedField(request) ?? unservedBlock(request.messages, version);
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

function unservedBlock(messages: readonly Message[], version: Version): Refusal | undefined {
  for (const [index, message] of messages.entries()) {
    if (typeof message.content === 'string') continue;
    for (const [at, block] of blocksOf(message.content).entries()) {
      // Most are; a place is made into text only where it is told.
      if (block.type === 'text' && (block.citations ?? []).length === 0) continue;
      const field = `messages[${index}].content[${at}]`;
      const found =
        citesIn(block, message.role, version, field) ?? unservedIn(block, message.role, field);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

type Role = Message['role'];

function citesIn(block: Block, role: Role, version: Version, at: string): Refusal | undefined {
  const cites = block.type === 'text' && (block.citations ?? []).length > 0;
  if (!cites || role !== 'user' || version === '2023-06-01') return undefined;
  const field = `${at}.citations`;
  const message = `'${field}' must be empty in a user message since the API version 2026-10-21.`;
  return { kind: 'invalid-request', field, message };
}

function unservedIn(block: Block, role: Role, field: string): Refusal | undefined {
  switch (block.type) {
    case 'text':
    case 'thinking':
    case 'redacted_thinking':
    case 'tool_use':
      return undefined;
    case 'image':
    case 'document':
      if (role === 'assistant') return misplaced(block.type, field);
      return unservedMedia(block, field);
    case 'tool_result': {
      if (!Array.isArray(block.content)) return undefined;
      for (const [at, inner] of block.content.entries()) {
        const found = unservedIn(inner, role, `${field}.content[${at}]`);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    default:
      return feature(`${block.type} input`, field);
  }
}

/** Anthropic took it at 2023-06-01 and never said what it means. */
function misplaced(type: string, field: string): Refusal {
  const message = `'${field}' is a block of the type '${type}', which only user messages and tool results may have.`;
  return { kind: 'invalid-request', field, message };
}

function unservedMedia({ source }: ImageBlock | DocumentBlock, at: string): Refusal | undefined {
  const field = `${at}.source`;
  if (source.type === 'file') {
    return feature('uploaded files; send the file itself as base64', field);
  }
  if (source.type !== 'content' || typeof source.content === 'string') return undefined;
  const inner = source.content.findIndex(
    (block) => block.type === 'image' && block.source.type === 'file',
  );
  if (inner < 0) return undefined;
  const place = `${field}.content[${inner}].source`;
  return feature('uploaded files; send the file itself as base64', place);
}

function feature(name: string, field: string): Refusal {
  return { kind: 'unsupported-feature', feature: name, field };
}
