// What a model can do, as data, and what of a Generation it therefore can't be given.

import type { Refusal } from '../refusal.ts';
import { MEDIA_PARTS_MAX } from '../../limits.ts';
import { isMedia, type Media } from './content.ts';
import type { Item } from './generation.ts';

export type Capabilities = {
  /** Looks at images. */
  readonly images: boolean;
  /** Reads PDF; plain text is text for every model. */
  readonly documents: boolean;
  /** Its server fetches the https addresses that clients send. Off unless the operator vouches for that server's network. */
  readonly fetchesUrls: boolean;
};

/** Of an engine that answers by a script. */
export const EVERY_CAPABILITY: Capabilities = { images: true, documents: true, fetchesUrls: true };

/** The first image or document that the model can't take, named as the client wrote it. */
export function mediaRefusal(
  items: readonly Item[],
  capabilities: Capabilities,
  model: string,
): Refusal | undefined {
  let count = 0;
  for (const part of mediaIn(items)) {
    const { field = 'input' } = part;
    if (++count > MEDIA_PARTS_MAX) {
      const message = `A request may have at most ${MEDIA_PARTS_MAX} images and documents; '${field}' is one too many.`;
      return { kind: 'invalid-request', field, message };
    }
    const feature = missing(part, capabilities);
    if (feature !== undefined) return { kind: 'unsupported-feature', feature, field, model };
  }
  return undefined;
}

function missing(
  part: Media,
  { images, documents, fetchesUrls }: Capabilities,
): string | undefined {
  if (part.kind === 'image' && !images) return 'image input';
  if (part.kind === 'document' && !documents) return 'document input other than plain text';
  if (part.source.kind === 'inline' || fetchesUrls) return undefined;
  return 'fetching from a URL; send the data itself, as base64 or a data: URL';
}

export function* mediaIn(items: readonly Item[]): Generator<Media, void> {
  for (const item of items) {
    if (item.kind === 'message' || item.kind === 'tool-result') {
      for (const part of item.content) if (isMedia(part)) yield part;
    }
  }
}
