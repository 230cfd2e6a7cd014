// A page of an invoice, made of its frozen document alone: the same document always makes the same bytes.

import type PdfDocument from 'pdfkit';
import type { BillingDocument } from '../domain/billing/document.ts';
import { dollarsOf, lineTexts, monthName, titleOf } from './invoice-words.ts';
import { showable, typeface } from './typeface.ts';

/** What is drawn on, and which letters it has. */
type Page = InstanceType<typeof PdfDocument> & {
  readonly letters: ReadonlySet<number>;
  /** Those that a text had and the page has not. */
  readonly missing: Set<string>;
};

export type InvoicePage = {
  readonly pdf: Uint8Array;
  /** Letters that could not be shown as they are. */
  readonly missing: readonly string[];
};

const MARGIN = 54;
const WIDTH = 595.28 - 2 * MARGIN;
const BOTTOM = 841.89 - 76;
const INK = '#1a1f36';
const GREY = '#697386';
const RULE = '#e3e8ee';
const REGULAR = 'regular';
const BOLD = 'bold';

/** Where the columns of the table are, and how wide. */
const COLUMNS = {
  description: { x: MARGIN, width: 250 },
  quantity: { x: MARGIN + 256, width: 74 },
  unitPrice: { x: MARGIN + 334, width: 74 },
  amount: { x: MARGIN + 412, width: WIDTH - 412 },
} as const;

export async function invoicePdf(document: BillingDocument): Promise<InvoicePage> {
  const page = await newPage(document);
  const chunks: Uint8Array[] = [];
  page.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  const ended = new Promise((resolve, reject) => page.on('end', resolve).on('error', reject));
  drawHead(page, document);
  drawLines(page, document);
  drawSums(page, document);
  drawFeet(page, document);
  page.end();
  await ended;
  return { pdf: Buffer.concat(chunks), missing: [...page.missing] };
}

async function newPage(document: BillingDocument): Promise<Page> {
  const issued = new Date(document.issuedAt);
  // It takes 110 ms of processor time to load, and a start needs none of it.
  const { default: Pdf } = await import('pdfkit');
  const { regular, bold, letters } = await typeface();
  const pdf = new Pdf({
    size: 'A4',
    margins: { top: MARGIN, left: MARGIN, right: MARGIN, bottom: 0 },
    bufferPages: true,
    info: {
      Title: `${titleOf(document)} ${document.number}`,
      Author: document.seller.name,
      Creator: 'Turnpike',
      Producer: 'Turnpike',
      // Both would be the time of day otherwise.
      CreationDate: issued,
      ModDate: issued,
    },
  });
  pdf.registerFont(REGULAR, regular).registerFont(BOLD, bold);
  return Object.assign(pdf, { letters, missing: new Set<string>() });
}

function drawHead(page: Page, document: BillingDocument): void {
  const { seller, customer } = document;
  text(page, titleOf(document), MARGIN, MARGIN, { size: 24, font: BOLD });
  text(page, seller.name, MARGIN + WIDTH / 2, MARGIN + 4, {
    size: 14,
    font: BOLD,
    color: GREY,
    width: WIDTH / 2,
    align: 'right',
  });
  let y = MARGIN + 48;
  for (const [label, value] of factsOf(document)) {
    text(page, label, MARGIN, y, { font: BOLD });
    text(page, value, MARGIN + 104, y, { width: WIDTH - 104 });
    y += 15;
  }
  y += 18;
  const from = drawParty(page, '', seller, MARGIN, y);
  const to = drawParty(page, 'Bill to', customer, MARGIN + WIDTH / 2, y);
  page.y = Math.max(from, to) + 24;
  text(page, headlineOf(document), MARGIN, page.y, { size: 17, font: BOLD });
  page.y += 34;
}

function factsOf(document: BillingDocument): readonly (readonly [string, string])[] {
  const { number, issuedAt, dueOn, period, corrects } = document;
  return [
    [`${titleOf(document)} number`, number],
    ['Date of issue', dateName(issuedAt.slice(0, 10))],
    ...(dueOn === undefined ? [] : [['Date due', dateName(dueOn)] as const]),
    ...(corrects === undefined ? [] : [['Corrects', corrects] as const]),
    ['Period', `${dateName(period.from)} to ${dateName(period.to)}`],
  ];
}

function headlineOf(document: BillingDocument): string {
  const { kind, totalCents, amountDueCents, dueOn, period } = document;
  if (kind === 'credit-note') return `${dollarsOf(-BigInt(totalCents))} credited`;
  if (kind === 'statement' && amountDueCents === '0')
    return `${dollarsOf(BigInt(totalCents))} of usage in ${monthName(period.from)}, paid by credit`;
  return `${dollarsOf(BigInt(amountDueCents))} due ${dateName(dueOn ?? document.issuedAt.slice(0, 10))}`;
}

/** The y below it. */
function drawParty(
  page: Page,
  label: string,
  { name, address, email, taxId }: BillingDocument['customer'],
  x: number,
  top: number,
): number {
  const width = WIDTH / 2 - 16;
  let y = top;
  const line = (words: string, font = REGULAR, color = INK): void => {
    y += text(page, words, x, y, { font, color, width }) + 2;
  };
  if (label !== '') line(label, BOLD);
  line(name, label === '' ? BOLD : REGULAR);
  for (const part of address) line(part);
  if (email !== undefined) line(email);
  if (taxId !== undefined) line(`Tax ID ${taxId}`);
  return y;
}

function drawLines(page: Page, document: BillingDocument): void {
  drawColumnNames(page);
  for (const line of document.lines) {
    const { description, detail, quantity, unitPrice, amount } = lineTexts(line);
    const height =
      heightOf(page, description, COLUMNS.description.width) +
      (detail === '' ? 0 : heightOf(page, detail, COLUMNS.description.width, 8) + 2) +
      14;
    if (page.y + height > BOTTOM) turnPage(page);
    const y = page.y + 7;
    const used = text(page, description, COLUMNS.description.x, y, COLUMNS.description);
    if (detail !== '') {
      const below = { width: COLUMNS.description.width, size: 8, color: GREY };
      text(page, detail, COLUMNS.description.x, y + used + 2, below);
    }
    right(page, quantity, y, COLUMNS.quantity);
    right(page, unitPrice, y, COLUMNS.unitPrice);
    right(page, amount, y, COLUMNS.amount);
    page.y += height;
    rule(page, page.y);
  }
  if (document.lines.length === 0) {
    text(page, 'Nothing was used in this period.', MARGIN, page.y + 8, { color: GREY });
    page.y += 30;
  }
}

function drawColumnNames(page: Page): void {
  const small = { size: 8, color: GREY } as const;
  text(page, 'Description', COLUMNS.description.x, page.y, small);
  right(page, 'Quantity', page.y, COLUMNS.quantity, small);
  right(page, 'Per million', page.y, COLUMNS.unitPrice, small);
  right(page, 'Amount', page.y, COLUMNS.amount, small);
  page.y += 15;
  rule(page, page.y, INK);
}

function turnPage(page: Page): void {
  page.addPage();
  page.y = MARGIN;
  drawColumnNames(page);
}

const SUM_ROW = 21;

function drawSums(page: Page, document: BillingDocument): void {
  const rows = sumsOf(document);
  if (page.y + rows.length * SUM_ROW + 20 > BOTTOM) {
    page.addPage();
    page.y = MARGIN;
  }
  page.y += 4;
  const x = MARGIN + WIDTH / 2;
  for (const [at, [label, amount, isBold]] of rows.entries()) {
    const font = isBold ? BOLD : REGULAR;
    text(page, label, x, page.y + 6, { font, width: 160 });
    right(page, amount, page.y + 6, COLUMNS.amount, { font });
    page.y += SUM_ROW;
    if (at < rows.length - 1) rule(page, page.y, RULE, x);
  }
}

function sumsOf(document: BillingDocument): readonly (readonly [string, string, boolean])[] {
  const { subtotalCents, tax, taxIncluded, totalCents, paidCents, amountDueCents, kind } = document;
  const shown = (cents: string): string => dollarsOf(BigInt(cents));
  const left = document.creditsLeftNano;
  return [
    ['Subtotal', shown(subtotalCents), false],
    ...(tax === undefined
      ? []
      : [[`Tax (${tax.ratePpm / 10_000} %)`, shown(tax.cents), false] as const]),
    ['Total', shown(totalCents), kind === 'credit-note'],
    ...(taxIncluded === undefined
      ? []
      : [
          [
            `Includes tax (${taxIncluded.ratePpm / 10_000} %)`,
            shown(taxIncluded.cents),
            false,
          ] as const,
        ]),
    ...(paidCents === '0'
      ? []
      : [['Paid already', shown(`${-BigInt(paidCents)}`), false] as const]),
    ...(kind === 'credit-note' ? [] : [['Amount due', shown(amountDueCents), true] as const]),
    ...(left === undefined
      ? []
      : [['Credit left when issued', dollarsOf(BigInt(left) / 10_000_000n), false] as const]),
  ];
}

function drawFeet(page: Page, document: BillingDocument): void {
  const { start, count } = page.bufferedPageRange();
  const words = `${document.number} · ${headlineOf(document)}`;
  for (let at = start; at < start + count; at++) {
    page.switchToPage(at);
    const y = BOTTOM + 28;
    rule(page, y - 8);
    text(page, words, MARGIN, y, { size: 8, color: GREY, width: WIDTH - 90 });
    const number = `Page ${at + 1} of ${count}`;
    right(page, number, y, COLUMNS.amount, { size: 8, color: GREY });
  }
}

type Style = {
  readonly size?: number;
  readonly font?: string;
  readonly color?: string;
  readonly width?: number;
  readonly align?: 'left' | 'right';
};

/** How high it came out. */
function text(page: Page, words: string, x: number, y: number, style: Style = {}): number {
  const { size = 9, font = REGULAR, color = INK, width = WIDTH, align = 'left' } = style;
  const shown = onPage(page, words);
  // What is written must not move on the position of what is to come.
  const before = page.y;
  page.font(font).fontSize(size).fillColor(color);
  page.text(shown, x, y, { width, align, lineBreak: true });
  page.y = before;
  return page.heightOfString(shown, { width });
}

function heightOf(page: Page, words: string, width: number, size = 9): number {
  return page.font(REGULAR).fontSize(size).heightOfString(onPage(page, words), { width });
}

function onPage({ letters, missing }: Page, words: string): string {
  const shown = showable(words, letters);
  for (const letter of shown.missing) missing.add(letter);
  return shown.text;
}

function right(
  page: Page,
  words: string,
  y: number,
  { x, width }: { readonly x: number; readonly width: number },
  style: Style = {},
): void {
  text(page, words, x, y, { ...style, width, align: 'right' });
}

function rule(page: Page, y: number, color = RULE, x = MARGIN): void {
  page
    .moveTo(x, y)
    .lineTo(MARGIN + WIDTH, y)
    .lineWidth(0.7)
    .strokeColor(color)
    .stroke();
}

const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

/** `31 October 2026`. */
function dateName(day: string): string {
  const [year = '', month = '', date = ''] = day.split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? ''} ${year}`;
}
