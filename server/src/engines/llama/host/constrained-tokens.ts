// Which tokens may stand in constrained output besides what the grammar says. llama.cpp's grammars read bytes as UTF-8
// without a check: the bytes C0 A2 pass for a quotation mark, and become two broken characters in the text. And they read
// a control token as its name, which is not part of any text. Both are kept away from the sampler.

import type { Token, TokenBias } from 'node-llama-cpp';

/** GGUF's token types. */
const NORMAL = 1;
const USER_DEFINED = 4;
const BYTE = 6;
/** OpenAI's lowest bias: the token is not to be said at all. */
const BAN = -100;
/** These begin no character, or one that has a shorter form: C0, C1, and all from F5 on. */
const NEVER_IN_UTF8 = [0xc0, 0xc1, ...Array.from({ length: 11 }, (_, i) => 0xf5 + i)];
/** After these first bytes, a second one below the limit would spell a character in too many bytes. */
const SECOND_BYTE_MIN = new Map([
  [0xe0, 0xa0],
  [0xf0, 0x90],
]);

export type Vocabulary = {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
  /** Tokens are bytes, each shown as one letter; otherwise they are characters, and bytes have names. */
  readonly isByteLevel: boolean;
};

/** What is added to the logits at each token. */
export type TokenRules = {
  readonly unconstrained: TokenBias;
  after(previous: Token | undefined): TokenBias;
};

export class ConstrainedTokens implements TokenRules {
  readonly unconstrained: TokenBias;
  readonly #noBias: () => TokenBias;
  readonly #never: readonly Token[];
  readonly #tooLow: ReadonlyMap<number, readonly Token[]>;
  readonly #always: TokenBias;
  readonly #afterFirstByte: ReadonlyMap<number, TokenBias>;
  readonly #vocabulary: Vocabulary;

  /** `spelled` are control tokens that are part of the text. */
  constructor(
    noBias: () => TokenBias,
    vocabulary: Vocabulary,
    spelled: ReadonlyMap<Token, string>,
  ) {
    this.#vocabulary = vocabulary;
    this.#noBias = noBias;
    const never: Token[] = [];
    const tooLow = new Map([...SECOND_BYTE_MIN.keys()].map((first) => [first, Array<Token>()]));
    for (const [i, type] of vocabulary.types.entries()) {
      // A token is its place in the vocabulary.
      const token = i as Token;
      const bytes = bytesOf(vocabulary, i);
      const isText = [NORMAL, USER_DEFINED, BYTE].includes(type) || spelled.has(token);
      if (!isText || bytes.some((byte) => NEVER_IN_UTF8.includes(byte))) never.push(token);
      const [first = 0] = bytes;
      for (const [lead, min] of SECOND_BYTE_MIN)
        if (first >= 0x80 && first < min) tooLow.get(lead)?.push(token);
    }
    this.#never = never;
    this.#tooLow = tooLow;
    this.unconstrained = noBias();
    this.#always = without(noBias(), never);
    this.#afterFirstByte = new Map(
      [...tooLow].map(([lead, low]) => [lead, without(noBias(), [...never, ...low])]),
    );
  }

  after(previous: Token | undefined): TokenBias {
    const lead = this.#leadOf(previous);
    return (lead === undefined ? undefined : this.#afterFirstByte.get(lead)) ?? this.#always;
  }

  /** The same with what a client adds; a grammar still has the last word. */
  with(biases: readonly { readonly token: number; readonly bias: number }[]): TokenRules {
    if (biases.length === 0) return this;
    const { length } = this.#vocabulary.tokens;
    const known = biases.filter(({ token }) => token < length);
    const biased = (): TokenBias => {
      const bias = this.#noBias();
      for (const { token, bias: logit } of known) {
        // A token is its place in the vocabulary.
        bias.set(token as Token, logit <= BAN ? 'never' : { logit });
      }
      return bias;
    };
    const unconstrained = biased();
    const made = new Map<number | undefined, TokenBias>();
    return {
      unconstrained,
      after: (previous) => {
        const last = this.#leadOf(previous);
        const lead = last !== undefined && this.#tooLow.has(last) ? last : undefined;
        const low = lead === undefined ? [] : (this.#tooLow.get(lead) ?? []);
        const bias = made.get(lead) ?? without(biased(), [...this.#never, ...low]);
        made.set(lead, bias);
        return bias;
      },
    };
  }

  #leadOf(previous: Token | undefined): number | undefined {
    return previous === undefined ? undefined : bytesOf(this.#vocabulary, previous).at(-1);
  }
}

function without(bias: TokenBias, tokens: readonly Token[]): TokenBias {
  for (const token of tokens) bias.set(token, 'never');
  return bias;
}

/** The token's bytes from 80 on; where tokens are characters, only those that stand for one byte matter. */
function bytesOf({ tokens, types, isByteLevel }: Vocabulary, token: number): readonly number[] {
  const text = tokens[token] ?? '';
  if (types[token] === BYTE) return [Number(/^<(0x[0-9a-f]{2})>$/iu.exec(text)?.[1] ?? 0)];
  if (!isByteLevel || types[token] !== NORMAL) return [];
  return Array.from(text, (letter) => BYTE_LETTERS.get(letter) ?? 0);
}

/** GPT-2's letters for the bytes from 80 on: themselves where they can be printed, else letters from U+0100 on. */
const BYTE_LETTERS: ReadonlyMap<string, number> = new Map(
  Array.from({ length: 128 }, (_, i) => {
    const byte = 0x80 + i;
    if (byte === 0xad) return ['\u0143', byte] as const;
    // 33 control characters and the space come first there: 0x00–0x20, then 0x7F.
    return [String.fromCodePoint(byte <= 0xa0 ? 0x122 + i : byte), byte] as const;
  }),
);
