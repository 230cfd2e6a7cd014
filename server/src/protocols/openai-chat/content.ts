// The content of a message ↔ content parts of the hub.

import type { Content, ContentPart } from '../../domain/generation/content.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { documentSource, imageSource } from '../media.ts';
import type { ChatMessage } from './request.ts';

export type ChatContent = NonNullable<ChatMessage['content']>;
type ChatPart = Exclude<ChatContent, string>[number];

/** `field` is the message's. */
export function contentOf(content: ChatContent, field: string): Content {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }];
  return content.flatMap((part, at) => partOf(part, `${field}.content[${at}]`));
}

function partOf(part: ChatPart, field: string): ContentPart[] {
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ kind: 'text', text: part.text }];
    case 'refusal':
      return [{ kind: 'refusal', text: part.refusal }];
    case 'image_url': {
      const { url, detail } = part.image_url;
      const look = detail == null ? {} : { detail };
      const source = imageSource(url);
      return [{ kind: 'image', source, ...look, field: `${field}.image_url` }];
    }
    case 'file': {
      const { file_data: data, filename } = part.file;
      if (data == null) return [];
      const name = filename == null ? {} : { name: filename };
      const source = documentSource(data);
      return [{ kind: 'document', source, ...name, field: `${field}.file` }];
    }
    case 'input_audio':
      return [];
  }
}

/** What OpenAI knows and we do not serve, and files that are not there. */
export function unservedPart(content: ChatContent, field: string): Refusal | undefined {
  if (typeof content === 'string') return undefined;
  for (const [at, part] of content.entries()) {
    const place = `${field}.content[${at}]`;
    if (part.type === 'input_audio') {
      return { kind: 'unsupported-feature', feature: 'audio input', field: place };
    }
    if (part.type !== 'file' || part.file.file_data != null) continue;
    if (part.file.file_id != null) {
      const feature = "uploaded files; send the file itself as 'file_data'";
      return { kind: 'unsupported-feature', feature, field: `${place}.file.file_id` };
    }
    const missing = `${place}.file.file_data`;
    const message = `Missing required parameter: '${missing}'.`;
    return { kind: 'invalid-request', field: missing, message };
  }
  return undefined;
}
