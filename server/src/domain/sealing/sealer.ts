// Closes texts that clients keep for us, and opens them again. README.md has the terms and the reasons.

import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

/** What was sealed: one can't be passed off as another. */
export type Purpose = 'reasoning' | 'compaction' | 'thinking';

export type SealingKey = {
  /** Letters and digits. */
  readonly id: string;
  /** SEALING_SECRET_BYTES of chance. */
  readonly secret: Buffer;
};

export type KeyRing = {
  /** Seals. */
  readonly current: SealingKey;
  /** Open, by id; `current` is among them. */
  readonly keys: ReadonlyMap<string, SealingKey>;
};

export const SEALING_SECRET_BYTES = 32;

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^tp1\.(?<keyId>[0-9a-z_]{1,64})\.(?<data>[\w-]+)$/;

export class Sealer {
  readonly #ring: KeyRing;
  readonly #organisationId: string;

  constructor(ring: KeyRing, organisationId: string) {
    this.#ring = ring;
    this.#organisationId = organisationId;
  }

  seal(purpose: Purpose, text: string): string {
    const { current } = this.#ring;
    const nonce = this.#derived(current, 'nonce', `${purpose}\n${text}`).subarray(0, NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#keyOf(current), nonce, {
      authTagLength: TAG_BYTES,
    }).setAAD(Buffer.from(purpose));
    const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()]);
    const data = Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64url');
    return `tp1.${current.id}.${data}`;
  }

  /** Undefined for what was not sealed by us for this organisation and purpose, or with a key that is gone. */
  open(purpose: Purpose, sealed: string): string | undefined {
    const { keyId = '', data = '' } = SEALED.exec(sealed)?.groups ?? {};
    const key = this.#ring.keys.get(keyId);
    const bytes = Buffer.from(data, 'base64url');
    // Base64 reads more than one spelling; only ours is ours.
    if (key === undefined || bytes.toString('base64url') !== data) return undefined;
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#keyOf(key), bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(purpose))
      .setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  #keyOf(key: SealingKey): Buffer {
    return this.#derived(key, 'cipher', '');
  }

  #derived({ secret }: SealingKey, use: string, text: string): Buffer {
    return createHmac('sha256', secret)
      .update(`turnpike sealing\n${use}\n${this.#organisationId}\n`)
      .update(text)
      .digest();
  }
}
