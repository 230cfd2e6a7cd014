// What the environment says about alerts: how mail leaves, from whom, to which operator, and whom webhooks may reach.

import { err, ok, type Result } from '../lib/result.ts';
import { secretOf } from './secret-setting.ts';

export type AlertSettings = {
  /** Absent: mails are written to files in the data directory. */
  readonly smtpUrl?: string;
  readonly mailFrom: string;
  readonly operatorMail: string;
  /** Whether webhooks may go to addresses that are not public, and without TLS. */
  readonly privateWebhooks: boolean;
};

type Environment = { readonly [name: string]: string | undefined };

const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;

export function readAlertSettings(environment: Environment): Result<AlertSettings, string> {
  const smtp = secretOf(
    ['TURNPIKE_SMTP_URL', environment['TURNPIKE_SMTP_URL']],
    ['TURNPIKE_SMTP_URL_FILE', environment['TURNPIKE_SMTP_URL_FILE']],
  );
  if (!smtp.ok) return smtp;
  const smtpUrl = smtp.value;
  if (smtpUrl !== undefined && !isSmtp(smtpUrl)) {
    return err(
      'TURNPIKE_SMTP_URL must be an address such as smtp://user:password@mail.example.com:587, or smtps:// for TLS from the start.',
    );
  }
  const from = environment['TURNPIKE_MAIL_FROM'];
  const operator = environment['TURNPIKE_OPERATOR_MAIL'];
  const [mailFrom, operatorMail] = [from ?? 'turnpike@localhost', operator ?? 'operator@localhost'];
  const addresses = { TURNPIKE_MAIL_FROM: mailFrom, TURNPIKE_OPERATOR_MAIL: operatorMail };
  if (smtpUrl !== undefined && (from === undefined || operator === undefined)) {
    const missing = from === undefined ? 'TURNPIKE_MAIL_FROM' : 'TURNPIKE_OPERATOR_MAIL';
    return err(
      `${missing} is missing: mail that leaves needs an address that it is from, and the operator's.`,
    );
  }
  for (const [name, address] of Object.entries(addresses)) {
    if (!ADDRESS.test(address)) {
      return err(`${name} must be one mail address such as ops@example.com, not '${address}'.`);
    }
  }
  const webhooks = environment['TURNPIKE_PRIVATE_WEBHOOKS'] ?? 'refuse';
  if (webhooks !== 'refuse' && webhooks !== 'allow') {
    return err(`TURNPIKE_PRIVATE_WEBHOOKS must be refuse or allow, not '${webhooks}'.`);
  }
  const privateWebhooks = webhooks === 'allow';
  return ok({ mailFrom, operatorMail, privateWebhooks, ...(smtpUrl !== undefined && { smtpUrl }) });
}

function isSmtp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return /^smtps?:$/.test(protocol) && hostname !== '';
}
