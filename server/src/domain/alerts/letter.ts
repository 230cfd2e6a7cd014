// What a mail about an event says: a subject, one sentence, what is known, and what can be done. Plain text first; the HTML
// is the same again, for those who read nothing else.

import { formatDollars } from '../money/nano.ts';
import type { AlertEvent, AlertFacts } from './alert-event.ts';
import { dataOf, type Amount } from './payload.ts';

export type Letter = { readonly subject: string; readonly text: string; readonly html: string };

type Words = {
  readonly subject: string;
  /** One sentence or two: what happened, and what to do. */
  readonly said: string;
  readonly rows: readonly (readonly [label: string, value: string | undefined])[];
};

/** `organisation` is its name, where it is about one. */
export function letterOf(event: AlertEvent, organisation: string | undefined): Letter {
  const words = wordsOf(event);
  const known: readonly (readonly [string, string | undefined])[] = [
    ...(organisation === undefined ? [] : [['Organisation', organisation] as const]),
    ...words.rows,
    ['Time', new Date(event.occurredAtMs).toISOString()],
    ['Event', `${event.kind} ${event.id}`],
  ];
  const rows = known.flatMap(([label, value]) =>
    value === undefined ? [] : [[label, oneLine(value)] as const],
  );
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `${`${label}:`.padEnd(width + 2)}${value}`);
  const subject = oneLine(`[Turnpike] ${words.subject}`);
  const said = oneLine(words.said);
  return {
    subject,
    text: `${said}\n\n${lines.join('\n')}\n`,
    html: htmlOf(said, rows),
  };
}

function htmlOf(said: string, rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([label, value]) =>
      `<tr><td style="padding:2px 16px 2px 0;color:#666">${escaped(label)}</td><td>${escaped(value)}</td></tr>`,
  );
  return `<!doctype html><html><body style="font:15px/1.5 sans-serif"><p>${escaped(said)}</p><table>${cells.join('')}</table></body></html>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Names come from customers: a line break in one must not begin a header or a line of its own. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

function wordsOf({ kind, facts }: AlertEvent): Words {
  const say = WORDS[kind];
  if (say !== undefined) return say(new Facts(facts));
  const rows = Object.entries(facts).map(([name, value]) => [name, String(value ?? '–')] as const);
  return { subject: kind, said: `Something has happened: ${kind}.`, rows };
}

/** Reads what an event says without trusting that it is there. */
class Facts {
  readonly #facts: AlertFacts;
  readonly #data: { readonly [name: string]: unknown };

  constructor(facts: AlertFacts) {
    this.#facts = facts;
    this.#data = dataOf(facts);
  }

  text(name: string): string {
    return this.maybe(name) ?? '–';
  }

  maybe(name: string): string | undefined {
    const value = this.#facts[name];
    return value === null || value === undefined ? undefined : String(value);
  }

  /** `$12.50`, of `…Nano` or `…Cents`. */
  dollars(name: string): string {
    return this.maybeDollars(name) ?? '–';
  }

  maybeDollars(name: string): string | undefined {
    const amount = this.#data[name];
    if (typeof amount !== 'object' || amount === null) return undefined;
    return formatDollars(BigInt((amount as Amount).nano)); // dataOf() makes nothing else that is an object
  }
}

const PERIODS: { readonly [period: string]: string } = {
  daily: 'daily ',
  weekly: 'weekly ',
  monthly: 'monthly ',
};

const WORDS: { readonly [kind: string]: (facts: Facts) => Words } = {
  'budget.threshold_reached': budgetWords,
  'credit.low': (facts) => ({
    subject: `Credit is low: ${facts.dollars('balance')} left`,
    said: `The credit has fallen below ${facts.dollars('below')}: ${facts.dollars('balance')} are left. When it is used up, requests are refused; add credit before.`,
    rows: [
      ['Left', facts.dollars('balance')],
      ['Told below', facts.dollars('below')],
    ],
  }),
  'credit.expiring': (facts) => ({
    subject: `${facts.dollars('remaining')} of credit expire ${inDays(facts.text('daysLeft'))}`,
    said: `${facts.dollars('remaining')} of credit expire at ${facts.text('expiresAt')} unless they are used before.`,
    rows: [
      ['Block', facts.text('blockId')],
      ['Source', facts.text('source')],
      ['Left in it', facts.dollars('remaining')],
      ['Expires', facts.text('expiresAt')],
    ],
  }),
  'payment.credited': payment('A payment was credited'),
  'payment.failed': payment('A payment failed'),
  'payment.refunded': payment('A payment was refunded'),
  'payment.bill_given_up': payment('A bill was not paid'),
  'payment.disputed': payment('A payment is disputed'),
  'payment.given_back': payment('What was taken back is there again'),
  'payment.suspect': payment('A payment does not agree with its provider'),
  'auto_reload.stopped': payment('Auto-reload was turned off'),
  'auto_reload.cap_reached': payment('Auto-reload has reached its monthly cap'),
  'invoice.issued': (facts) => ({
    subject: `${documentName(facts.text('kind'))} ${facts.text('number')}: ${facts.dollars('total')}`,
    said: `${documentName(facts.text('kind'))} ${facts.text('number')} over ${facts.dollars('total')} was issued.`,
    rows: invoiceRows(facts),
  }),
  'invoice.overdue': (facts) => ({
    subject: `Invoice ${facts.text('number')} is overdue`,
    said: `Invoice ${facts.text('number')} was due on ${facts.text('dueOn')} and is not paid: ${facts.dollars('amountDue')}.`,
    rows: invoiceRows(facts),
  }),
  'reconciliation.difference': (facts) => ({
    subject: `The books do not agree: ${facts.text('check')}`,
    said: `Reconciliation has found a difference. Look at it with "turnpike reconcile" before anything else is billed.`,
    rows: [
      ['Check', facts.text('check')],
      ['Difference', facts.text('detail')],
    ],
  }),
  'metering.doubtful': (facts) => ({
    subject: `Usage of ${facts.text('model')} on ${facts.text('engine')} is doubtful`,
    said: `The engine ${facts.text('engine')} has reported usage of ${facts.text('model')} that could not be believed (${facts.text('doubt')}). What was billed instead is in docs/alerts.md; mend the engine's report.`,
    rows: [
      ['Doubt', facts.text('doubt')],
      ['Requests so far', facts.text('requests')],
      ['First request', facts.text('requestId')],
    ],
  }),
  'endpoint.disabled': (facts) => ({
    subject: `Your webhook was switched off`,
    said: `The webhook at ${facts.text('url')} has failed since ${facts.text('failingSince')} and is not called any more. Mend it, then switch it on again; what it has missed can be delivered again.`,
    rows: [
      ['Address', facts.text('url')],
      ['Endpoint', facts.text('endpointId')],
      ['Last failure', facts.maybe('detail')],
    ],
  }),
  test: () => ({
    subject: 'A test',
    said: 'This is a test: alerts reach you here.',
    rows: [],
  }),
};

function budgetWords(facts: Facts): Words {
  const threshold = facts.text('threshold');
  const of = `the ${facts.text('scope')} ${facts.text('subjectName')}`;
  const period = PERIODS[facts.text('period')] ?? '';
  const limit = facts.maybeDollars('hardLimit');
  const spent = facts.dollars('spent');
  const rows: Words['rows'] = [
    ['Budget', `${facts.text('period')}, ${of}`],
    ['Window', facts.text('window')],
    ['Spent', spent],
    ['Hard limit', limit],
    ['Alert', facts.maybeDollars('alert')],
  ];
  if (threshold === 'alert') {
    const said = `${spent} of the ${period}budget of ${of} are spent: that is its alert of ${facts.dollars('alert')}. Nothing is stopped.`;
    return { subject: `${spent} spent by ${of}`, said, rows };
  }
  const end =
    threshold === '100%'
      ? 'No more is spent in this window: requests are refused until it ends or the limit is raised.'
      : 'At 100% requests are refused until the window ends or the limit is raised.';
  const said = `${threshold} of the ${period}hard limit of ${of} are spent: ${spent} of ${limit ?? '–'}. ${end}`;
  return { subject: `${threshold} of the ${period}limit of ${of} is spent`, said, rows };
}

function payment(subject: string): (facts: Facts) => Words {
  return (facts) => ({
    subject,
    said: facts.text('detail'),
    rows: [
      ['Top-up', facts.maybe('topUpId')],
      ['Organisation id', facts.maybe('organisation')],
    ],
  });
}

function inDays(days: string): string {
  return days === '1' ? 'within a day' : `in ${days} days`;
}

function documentName(kind: string): string {
  return kind === 'credit-note' ? 'Credit note' : kind === 'statement' ? 'Statement' : 'Invoice';
}

function invoiceRows(facts: Facts): Words['rows'] {
  return [
    ['Number', facts.text('number')],
    ['Total', facts.dollars('total')],
    ['To be paid', facts.maybeDollars('amountDue')],
    ['Due', facts.maybe('dueOn')],
  ];
}
