// The content of a message, or the output of a call ↔ content parts of the hub.

import { textContent, type Content, type ContentPart } from '../../domain/generation/content.ts';
import type { Refusal } from '../../domain/refusal.ts';
import { err, ok, type Result } from '../../lib/result.ts';
import { documentSource, imageSource } from '../media.ts';
import type { Content as WireContent } from './item-schemas.ts';

type WirePart = Exclude<WireContent, string>[number];

/** `field` is the content's own path: `input[3].content`. */
export function readContent(content: WireContent, field: string): Result<Content, Refusal> {
  if (typeof content === 'string') return ok(textContent(content));
  const parts: ContentPart[] = [];
  for (const [at, part] of content.entries()) {
    const read = readPart(part, `${field}[${at}]`);
    if (!read.ok) return read;
    if (read.value !== undefined) parts.push(read.value);
  }
  return ok(parts);
}

function readPart(part: WirePart, field: string): Result<ContentPart | undefined, Refusal> {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return ok(part.text === '' ? undefined : { kind: 'text', text: part.text });
    case 'refusal':
      return ok({ kind: 'refusal', text: part.refusal });
    case 'input_image':
      return readImage(part, field);
    case 'input_file':
      return readFile(part, field);
    case 'input_audio':
    case 'computer_screenshot':
      return err({ kind: 'unsupported-feature', feature: part.type, field });
  }
}

type OfType<T> = Extract<WirePart, { readonly type: T }>;

function readImage(part: OfType<'input_image'>, field: string): Result<ContentPart, Refusal> {
  const { image_url: address, detail } = part;
  if (address == null) return err(noData(part.file_id, field, 'image_url'));
  const look = detail == null ? {} : { detail };
  return ok({
    kind: 'image',
    source: imageSource(address),
    ...look,
    field: `${field}.image_url`,
  });
}

function readFile(part: OfType<'input_file'>, field: string): Result<ContentPart, Refusal> {
  const { file_data: data, file_url: url, filename } = part;
  const name = filename == null ? {} : { name: filename };
  if (data != null) {
    const source = documentSource(data);
    return ok({ kind: 'document', source, ...name, field: `${field}.file_data` });
  }
  if (url == null) return err(noData(part.file_id, field, 'file_data'));
  return ok({
    kind: 'document',
    source: { kind: 'url', url },
    ...name,
    field: `${field}.file_url`,
  });
}

function noData(fileId: string | null | undefined, field: string, wanted: string): Refusal {
  if (fileId != null) {
    const feature = `uploaded files; send the file itself as '${wanted}'`;
    return { kind: 'unsupported-feature', feature, field: `${field}.file_id` };
  }
  const missing = `${field}.${wanted}`;
  const message = `Missing required parameter: '${missing}'.`;
  return { kind: 'invalid-request', field: missing, message };
}
