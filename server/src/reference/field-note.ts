// What the reference says of one field of a request, beside what its schema says.

export type FieldNote = {
  /** `acts`: it does what it says. `narrow`: only some of its values are served. `accepted`: it changes nothing. */
  readonly effect: 'acts' | 'narrow' | 'accepted';
  /** Markdown with nothing but `code` in it. */
  readonly text: string;
};

/** One for every field of the request, and no other. */
export type FieldNotes<Request> = { readonly [field in keyof Request]-?: FieldNote };
