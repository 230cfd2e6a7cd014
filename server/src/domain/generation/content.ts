// What a message or a tool's result is made of. Images and documents travel as the client sent them, inline or as the
// address of something: nothing here, and nobody in this process, ever fetches an address.

export type TextPart = { readonly kind: 'text'; readonly text: string };

/** What the model said when it refused; only the assistant's messages have it. */
export type RefusalPart = { readonly kind: 'refusal'; readonly text: string };

export type InlineSource = {
  readonly kind: 'inline';
  readonly mediaType: string;
  /** Well-formed, padded; protocols check it. */
  readonly base64: string;
};

/** An https address that only an engine which fetches addresses may get. */
export type UrlSource = { readonly kind: 'url'; readonly url: string };

/** Where the client wrote it, as its protocol calls the place: `messages[2].content[1].image_url`. */
type Placed = { readonly field?: string };

export type ImagePart = Placed & {
  readonly kind: 'image';
  readonly source: InlineSource | UrlSource;
  /** How closely to look; engines that know no such thing leave it out. */
  readonly detail?: ImageDetail;
};

export type ImageDetail = 'auto' | 'low' | 'high' | 'original';

export type DocumentPart = Placed & {
  readonly kind: 'document';
  /** Plain text stands here as text, whichever way it was sent, so that every engine can read it. */
  readonly source: InlineSource | UrlSource | { readonly kind: 'text'; readonly text: string };
  /** A title or the name of a file. */
  readonly name?: string;
};

export type ContentPart = TextPart | RefusalPart | ImagePart | DocumentPart;

export type Content = readonly ContentPart[];

/** Nothing said is no part. */
export function textContent(text: string): Content {
  return text === '' ? [] : [{ kind: 'text', text }];
}

/** All of it that is text, in order and without separators; images and other documents have none. */
export function textOf(content: Content): string {
  let text = '';
  for (const part of content) text += textOfPart(part);
  return text;
}

function textOfPart(part: ContentPart): string {
  switch (part.kind) {
    case 'text':
    case 'refusal':
      return part.text;
    case 'document':
      return part.source.kind === 'text' ? documentText(part.source.text, part.name) : '';
    case 'image':
      return '';
  }
}

function documentText(text: string, name: string | undefined): string {
  const named = name === undefined ? '' : ` name=${JSON.stringify(name)}`;
  return `\n<document${named}>\n${text}\n</document>\n`;
}

/** What only an engine with eyes, or one that reads PDF, can take. */
export type Media = ImagePart | (DocumentPart & { readonly source: InlineSource | UrlSource });

export function isMedia(part: ContentPart): part is Media {
  return part.kind === 'image' || (part.kind === 'document' && part.source.kind !== 'text');
}
