// The blocks that a user or a tool says ↔ content parts of the hub.

import { textContent, type ContentPart } from '../../domain/generation/content.ts';
import type { Block, DocumentBlock, ImageBlock } from './content.ts';

/** What is not said to the model, such as a block that was refused before, is no part. */
export function partsOf(block: Block, field: string): readonly ContentPart[] {
  switch (block.type) {
    case 'text':
      return textContent(block.text);
    case 'image':
      return imageParts(block, `${field}.source`);
    case 'document':
      return documentParts(block, `${field}.source`);
    default:
      return [];
  }
}

function imageParts({ source }: ImageBlock, field: string): readonly ContentPart[] {
  switch (source.type) {
    case 'base64': {
      const { media_type: mediaType, data } = source;
      return [{ kind: 'image', source: { kind: 'inline', mediaType, base64: data }, field }];
    }
    case 'url':
      return [{ kind: 'image', source: { kind: 'url', url: source.url }, field }];
    case 'file':
      return [];
  }
}

/** What the client says about a document stands before it. */
function documentParts(block: DocumentBlock, field: string): readonly ContentPart[] {
  const context = textContent(block.context ?? '');
  const name = block.title == null ? {} : { name: block.title };
  const { source } = block;
  switch (source.type) {
    case 'base64': {
      const { media_type: mediaType, data } = source;
      const inline = { kind: 'inline', mediaType, base64: data } as const;
      return [...context, { kind: 'document', source: inline, ...name, field }];
    }
    case 'url': {
      const url = { kind: 'url', url: source.url } as const;
      return [...context, { kind: 'document', source: url, ...name, field }];
    }
    case 'text':
      return [...context, textDocument(source.data, name, field)];
    case 'content': {
      const blocks = typeof source.content === 'string' ? [] : source.content;
      const text =
        typeof source.content === 'string'
          ? source.content
          : blocks.map((inner) => (inner.type === 'text' ? inner.text : '')).join('');
      const images = blocks.flatMap((inner, at) =>
        inner.type === 'image' ? imageParts(inner, `${field}.content[${at}].source`) : [],
      );
      return [...context, textDocument(text, name, field), ...images];
    }
    case 'file':
      return [];
  }
}

function textDocument(text: string, name: { name?: string }, field: string): ContentPart {
  return { kind: 'document', source: { kind: 'text', text }, ...name, field };
}
