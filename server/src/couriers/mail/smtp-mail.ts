// Mail over SMTP. What a server says for good about a recipient ends the tries; everything else is tried again.

import type { Transporter } from 'nodemailer';
import { MAIL_TIMEOUT_MS } from '../../limits.ts';
import type { Carried, Mail, MailCourier } from '../../ports/alerts.ts';

const DETAIL_CHARACTERS_MAX = 300;

export async function smtpMail(url: string, from: string): Promise<MailCourier> {
  const { createTransport } = await import('nodemailer');
  const transport = createTransport({
    url,
    connectionTimeout: MAIL_TIMEOUT_MS / 3,
    greetingTimeout: MAIL_TIMEOUT_MS / 3,
    socketTimeout: MAIL_TIMEOUT_MS / 3,
    dnsTimeout: MAIL_TIMEOUT_MS / 3,
    // Nothing in a mail of ours names a file or an address to be read.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return new SmtpMail(transport, from);
}

class SmtpMail implements MailCourier {
  readonly #transport: Transporter;
  readonly #from: string;

  constructor(transport: Transporter, from: string) {
    this.#transport = transport;
    this.#from = from;
  }

  async send(mail: Mail): Promise<Carried> {
    try {
      await this.#transport.sendMail(messageOf(mail, this.#from));
      return { ok: true };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#transport.close();
  }
}

export function messageOf({ to, messageId, subject, text, html, atMs }: Mail, from: string) {
  return {
    from: { name: 'Turnpike', address: from },
    to: { name: '', address: to },
    messageId: `<${messageId}>`,
    date: new Date(atMs),
    subject,
    text,
    html,
    // Nobody's holiday answers this.
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function failureOf(error: unknown) {
  const detail = (error instanceof Error ? error.message : String(error)).slice(
    0,
    DETAIL_CHARACTERS_MAX,
  );
  const status = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined;
  if (typeof status !== 'number') return { detail };
  const command = error instanceof Error && 'command' in error ? error.command : undefined;
  // The mailbox is not there; a refused login is the operator's to mend.
  const isFinal = status >= 550 && status <= 553 && command === 'RCPT TO';
  return { detail, status, ...(isFinal && { isFinal: true as const }) };
}
