// The part of the composition root that tells people: how mail leaves, and how webhooks do.

import { join } from 'node:path';
import type { Config } from './config.ts';
import { fileMail } from './couriers/mail/file-mail.ts';
import { smtpMail } from './couriers/mail/smtp-mail.ts';
import { PinnedWebhook } from './couriers/webhook/pinned-webhook.ts';
import { Alerting } from './jobs/alerting.ts';
import { systemClock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { Store } from './store/postgres/store.ts';

export async function openAlerting(
  { alerts: settings, dataDirectory }: Config,
  { alerts }: Store,
  log: Log,
  scope: AsyncDisposableStack,
): Promise<void> {
  const { smtpUrl, mailFrom, operatorMail, privateWebhooks } = settings;
  const mail = scope.use(
    smtpUrl === undefined
      ? fileMail(join(dataDirectory, 'mail'), mailFrom)
      : await smtpMail(smtpUrl, mailFrom),
  );
  const webhooks = new PinnedWebhook(privateWebhooks);
  const nowMs = (): number => systemClock.nowMs();
  const chance = Math.random;
  scope.use(new Alerting({ alerts, mail, webhooks, operatorMail, log, nowMs, chance }));
}
