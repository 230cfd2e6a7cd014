// Images and documents as clients write them: data: URLs, base64 with a media type, https addresses. What is checked
// here is true of every part behind the codecs: a known media type, well-formed base64 within bounds, an https address.

import { z } from 'zod';
import type { DocumentPart, InlineSource, UrlSource } from '../domain/generation/content.ts';
import { MEDIA_BYTES_MAX, MEDIA_NAME_CHARACTERS_MAX, MEDIA_URL_CHARACTERS_MAX } from '../limits.ts';

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;
const PDF = 'application/pdf';
const DOCUMENT_TYPES = 'application/pdf, application/json or text';

/** `image_url` of both OpenAI protocols. */
export const imageAddress = z.string().superRefine((text, context) => {
  const problem = text.startsWith('data:') ? imageDataProblem(text) : addressProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

/** `file_data` of both OpenAI protocols: a data: URL, or the bare base64 of a PDF. */
export const documentData = z.string().superRefine((text, context) => {
  const problem = text.startsWith('data:') ? documentDataProblem(text) : base64Problem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const httpsAddress = z.string().superRefine((text, context) => {
  const problem = addressProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const base64 = z.string().superRefine((text, context) => {
  const problem = base64Problem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

export const imageMediaType = z.enum(IMAGE_TYPES);
export const mediaName = z.string().max(MEDIA_NAME_CHARACTERS_MAX);

/** Of an address that was checked above. */
export function imageSource(text: string): InlineSource | UrlSource {
  return inlineOf(text) ?? { kind: 'url', url: text };
}

/** Of data that was checked above. */
export function documentSource(text: string): DocumentPart['source'] {
  const inline = inlineOf(text) ?? { kind: 'inline', mediaType: PDF, base64: text };
  if (inline.mediaType === PDF) return inline;
  return { kind: 'text', text: Buffer.from(inline.base64, 'base64').toString('utf8') };
}

/** Of `data:image/png;base64,AAAA`; parameters such as a charset say nothing that is needed. */
function inlineOf(text: string): InlineSource | undefined {
  const comma = text.indexOf(',');
  if (!text.startsWith('data:') || comma < 0) return undefined;
  const [mediaType = '', ...parameters] = text.slice('data:'.length, comma).split(';');
  if (parameters.at(-1)?.trim().toLowerCase() !== 'base64') return undefined;
  return {
    kind: 'inline',
    mediaType: mediaType.trim().toLowerCase(),
    base64: text.slice(comma + 1),
  };
}

const FORM = 'expected a data: URL with base64, such as data:image/png;base64,…';

function imageDataProblem(text: string): string | undefined {
  const inline = inlineOf(text);
  if (inline === undefined) return FORM;
  const known = IMAGE_TYPES.some((type) => type === inline.mediaType);
  return known ? base64Problem(inline.base64) : unknownType(inline, IMAGE_TYPES.join(', '));
}

function documentDataProblem(text: string): string | undefined {
  const inline = inlineOf(text);
  if (inline === undefined) return FORM.replace('image/png', PDF);
  const { mediaType } = inline;
  const known = mediaType === PDF || /^(?:text\/[\w.+-]+|application\/json)$/.test(mediaType);
  return known ? base64Problem(inline.base64) : unknownType(inline, DOCUMENT_TYPES);
}

function unknownType({ mediaType }: InlineSource, known: string): string {
  return `the media type ${JSON.stringify(mediaType.slice(0, 64))} is not supported; expected ${known}`;
}

function base64Problem(text: string): string | undefined {
  if (text === '') return 'the data is empty';
  if (text.length > Math.ceil(MEDIA_BYTES_MAX / 3) * 4) {
    return `the data has more than ${MEDIA_BYTES_MAX / 1024 / 1024} MiB`;
  }
  return isBase64(text) ? undefined : 'the data is not well-formed base64';
}

/**
 * Node's decoder leaves out what is no base64, so a length that is right says that nothing was: 15 ms for 30 MB, where a
 * strict decoder takes 30 and a regular expression 60. It also reads the other alphabet, base64url.
 */
function isBase64(text: string): boolean {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return false;
  const padding = text.endsWith('==') ? 2 : Number(text.endsWith('='));
  return decodedBytes(text) === (text.length / 4) * 3 - padding;
}

/** In pieces, into the same memory: to have new memory for all of it takes as long as to decode it. */
function decodedBytes(text: string): number {
  if (text.length <= PIECE_CHARACTERS) return Buffer.from(text, 'base64').length;
  const piece = Buffer.allocUnsafeSlow((PIECE_CHARACTERS / 4) * 3);
  let bytes = 0;
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
    bytes += piece.write(text.slice(at, at + PIECE_CHARACTERS), 'base64');
  }
  return bytes;
}

/** Four characters are three bytes. */
const PIECE_CHARACTERS = 256 * 1024;

function addressProblem(text: string): string | undefined {
  if (text.length > MEDIA_URL_CHARACTERS_MAX) {
    return `the address has more than ${MEDIA_URL_CHARACTERS_MAX} characters`;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.protocol === 'https:' && url.username === '' && url.password === '';
  return isPlain
    ? undefined
    : 'expected a data: URL with base64, or an https URL without a password';
}
