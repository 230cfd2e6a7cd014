// Mail to files: one .eml for each, as it would have left, for who has not set up a mail server yet.

import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MAIL_FILES_MAX } from '../../limits.ts';
import type { Carried, Mail, MailCourier } from '../../ports/alerts.ts';
import { messageOf } from './smtp-mail.ts';

export function fileMail(directory: string, from: string): MailCourier {
  return new FileMail(directory, from);
}

class FileMail implements MailCourier {
  readonly #directory: string;
  readonly #from: string;

  constructor(directory: string, from: string) {
    this.#directory = directory;
    this.#from = from;
  }

  async send(mail: Mail): Promise<Carried> {
    try {
      const path = await this.#write(mail);
      return { ok: true, detail: `written to ${join(basename(this.#directory), basename(path))}` };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { ok: false, failure: { detail } };
    }
  }

  /** Under its own name when it is whole; the same mail again is the same file. */
  async #write(mail: Mail): Promise<string> {
    const { createTransport } = await import('nodemailer');
    const transport = createTransport({ streamTransport: true, buffer: true, newline: 'unix' });
    const { message } = await transport.sendMail(messageOf(mail, this.#from));
    if (!Buffer.isBuffer(message)) throw new Error('the mail was not made whole');
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const time = new Date(mail.atMs).toISOString().replaceAll(':', '-');
    const path = join(this.#directory, `${time}-${mail.messageId.replace(/[^\w.-]/g, '_')}.eml`);
    await writeFile(`${path}.part`, message, { mode: 0o600 });
    await rename(`${path}.part`, path);
    await this.#keepNewest();
    return path;
  }

  async #keepNewest(): Promise<void> {
    const mails = (await readdir(this.#directory)).filter((name) => name.endsWith('.eml'));
    const old = mails.toSorted().slice(0, Math.max(0, mails.length - MAIL_FILES_MAX));
    for (const name of old) await rm(join(this.#directory, name), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
