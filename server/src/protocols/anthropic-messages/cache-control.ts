// Marks of where a prompt may be cached. Engines here find their own prefixes, so that a mark changes nothing; a wrong one
// is refused as Anthropic refuses it, so that a client does not learn it only there.
// Source: Anthropic's page on prompt caching, and the errors of its API as its clients report them.

import type { Refusal } from '../../domain/refusal.ts';
import type { CountRequest } from './request.ts';

const BREAKPOINTS_MAX = 4;

type Marked = { readonly [field: string]: unknown };
type Ttl = '5m' | '1h';

export function cacheControlProblem(request: CountRequest): Refusal | undefined {
  const marks = new Marks();
  for (const [index, tool] of (request.tools ?? []).entries()) marks.take(tool, `tools[${index}]`);
  const { system, messages } = request;
  if (Array.isArray(system)) marks.takeAll(system, 'system');
  for (const [index, { content }] of messages.entries()) {
    if (typeof content !== 'string') marks.takeAll(content, `messages[${index}].content`);
  }
  // The request's own stands for one at its last block.
  marks.take(request, '');
  return marks.problem;
}

class Marks {
  problem: Refusal | undefined;
  #count = 0;
  #isShort = false;

  takeAll(blocks: readonly Marked[], field: string): void {
    for (const [at, block] of blocks.entries()) {
      // Most blocks have neither.
      if (block['cache_control'] != null) this.take(block, `${field}[${at}]`);
      const inner = block['content'];
      if (block['type'] === 'tool_result' && Array.isArray(inner)) {
        this.takeAll(inner, `${field}[${at}].content`);
      }
    }
  }

  take(block: Marked, at: string): void {
    const mark = block['cache_control'];
    if (mark == null || this.problem !== undefined) return;
    const field = at === '' ? 'cache_control' : `${at}.cache_control`;
    const ttl = ttlOf(mark);
    if ('wrong' in ttl) return this.#refuse(`${field}${ttl.wrong}`, ttl.why);
    const misplaced = misplacedIn(block);
    if (misplaced !== undefined) return this.#refuse(field, misplaced);
    if (this.#isShort && ttl.ttl === '1h' && at !== '') {
      return this.#refuse(
        `${field}.ttl`,
        "a '1h' breakpoint must not come after one of '5m'; the order is tools, system, messages",
      );
    }
    this.#isShort ||= ttl.ttl === '5m';
    this.#count++;
    if (this.#count <= BREAKPOINTS_MAX) return;
    this.#refuse(field, `a request may have at most ${BREAKPOINTS_MAX} cache breakpoints`);
  }

  #refuse(field: string, why: string): void {
    this.problem = { kind: 'invalid-request', field, message: `Invalid '${field}': ${why}.` };
  }
}

type Read = { readonly ttl: Ttl } | { readonly wrong: string; readonly why: string };

function ttlOf(mark: unknown): Read {
  if (typeof mark !== 'object' || mark === null || Array.isArray(mark)) {
    return { wrong: '', why: 'expected an object, such as {"type":"ephemeral"}' };
  }
  const { type, ttl = '5m' }: Marked = { ...mark };
  if (type !== 'ephemeral') return { wrong: '.type', why: 'expected "ephemeral"' };
  if (ttl === null || ttl === '5m') return { ttl: '5m' };
  return ttl === '1h' ? { ttl } : { wrong: '.ttl', why: 'expected "5m" or "1h"' };
}

function misplacedIn({ type, text }: Marked): string | undefined {
  if (type === 'thinking' || type === 'redacted_thinking') {
    return 'thinking can not be a cache breakpoint; mark the block before or after it';
  }
  if (type === 'text' && text === '') return 'an empty text can not be a cache breakpoint';
  return undefined;
}
