// A conversation that is kept: a list of items that grows, and that requests name instead of sending it.

import type { Json, Metadata } from './answer.ts';

export type Conversation = {
  readonly id: string;
  readonly createdAtMs: number;
  readonly metadata: Metadata;
};

/** One item of a conversation; `json` holds the id too. */
export type ConversationItem = { readonly id: string; readonly json: Json };

/** A page of a list, by the id of the entry before it or after it. */
export type PageOf = {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  readonly after?: string;
  readonly before?: string;
};

export type Page<T> = { readonly entries: readonly T[]; readonly hasMore: boolean };
