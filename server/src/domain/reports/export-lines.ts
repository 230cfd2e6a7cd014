// A row of an export as a line of CSV (RFC 4180) or JSON.

export type ExportFormat = 'csv' | 'jsonl';

/** `text` is what customers or clients have named: it is never taken for a formula. */
export type ExportColumn = { readonly name: string; readonly type: 'text' | 'number' | 'amount' };

/** In the order of the columns; null where there is none. Amounts and numbers as text. */
export type ExportRow = readonly (string | null)[];

export function csvHead(columns: readonly ExportColumn[]): string {
  return `${columns.map(({ name }) => name).join(',')}\r\n`;
}

export function csvLine(columns: readonly ExportColumn[], row: ExportRow): string {
  return `${columns.map(({ type }, at) => csvCell(row[at] ?? null, type)).join(',')}\r\n`;
}

/** A spreadsheet runs a cell that begins with one of these: an apostrophe makes it text (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r\n]/;

function csvCell(value: string | null, type: ExportColumn['type']): string {
  if (value === null) return '';
  const safe = type === 'text' && FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Numbers are JSON's; amounts stay text, because JSON's numbers are floats. */
export function jsonLine(columns: readonly ExportColumn[], row: ExportRow): string {
  const members = columns.map(({ name, type }, at) => {
    const value = row[at] ?? null;
    const shown = value !== null && type === 'number' ? value : JSON.stringify(value);
    return `${JSON.stringify(name)}:${shown}`;
  });
  return `{${members.join(',')}}\n`;
}
