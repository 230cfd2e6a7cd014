// What a protocol lets its clients do with what is kept: addresses, what is asked at each, and how the answer looks. Pure
// like the rest of a protocol; gateway/resources.ts does the work.

import type { Refusal } from '../domain/refusal.ts';
import type { Sealer } from '../domain/sealing/sealer.ts';
import type { AnswerKind, Json, Metadata, StoredAnswer } from '../domain/stored/answer.ts';
import type {
  Conversation,
  ConversationItem,
  Page,
  PageOf,
} from '../domain/stored/conversation.ts';
import type { Result } from '../lib/result.ts';

export type ResourceRequest = {
  readonly requestId: string;
  /** Whole seconds since the epoch. */
  readonly nowSeconds: number;
  /** By the names in the path. */
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  /** Parsed JSON; an empty object where nothing was sent. */
  readonly body: unknown;
  /** Opens what was sealed for the caller. */
  readonly sealer: Sealer;
};

export interface Resource {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/v1/responses/:id` */
  readonly path: string;
  wish(request: ResourceRequest): Result<Wish, Refusal>;
  /** What of the query nobody knows; what becomes of it is the operator's policy. */
  unknown?(query: URLSearchParams): readonly string[];
}

type OfAnswer = { readonly of: AnswerKind; readonly id: string };
type ShowAnswer = { show(answer: StoredAnswer): Result<Json, Refusal> };
type OfConversation = { readonly id: string };
type ShowConversation = { show(conversation: Conversation): Json };
type ShowItems = { show(page: Page<ConversationItem>): Json };

/** `show` makes the body of the answer. */
export type Wish =
  | ({ readonly kind: 'show-answer' } & OfAnswer & ShowAnswer)
  /** The events of an answer in the background, from the one after number `after` on, until it ends. */
  | { readonly kind: 'follow-answer'; readonly id: string; readonly after: number }
  | ({ readonly kind: 'cancel-answer'; readonly id: string } & ShowAnswer)
  | ({ readonly kind: 'update-answer'; readonly metadata: Metadata } & OfAnswer & ShowAnswer)
  | ({ readonly kind: 'delete-answer'; show(): Json } & OfAnswer)
  | {
      readonly kind: 'list-answers';
      readonly of: AnswerKind;
      readonly model?: string;
      readonly metadata: Metadata;
      readonly page: PageOf;
      show(page: Page<StoredAnswer>): Json;
    }
  | ({
      readonly kind: 'create-conversation';
      readonly conversation: Conversation;
      readonly items: readonly ConversationItem[];
    } & ShowConversation)
  | ({ readonly kind: 'show-conversation' } & OfConversation & ShowConversation)
  | ({ readonly kind: 'update-conversation'; readonly metadata: Metadata } & OfConversation &
      ShowConversation)
  | ({ readonly kind: 'delete-conversation'; show(): Json } & OfConversation)
  | ({ readonly kind: 'add-items'; readonly items: readonly ConversationItem[] } & OfConversation &
      ShowItems)
  | ({ readonly kind: 'list-items'; readonly page: PageOf } & OfConversation & ShowItems)
  | ({
      readonly kind: 'show-item';
      readonly itemId: string;
      show(item: ConversationItem): Json;
    } & OfConversation)
  | ({ readonly kind: 'delete-item'; readonly itemId: string } & OfConversation & ShowConversation);
