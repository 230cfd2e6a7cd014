// The matrix as a table: a row for a scenario, a column for a client, in each field one mark for every way in which it
// was played.

import type { Outcome } from './matrix.ts';

/** Whole and streamed, on the scripted and on the embedded engine. */
const WAYS = ['scripted whole', 'scripted stream', 'embedded whole', 'embedded stream'];

export function renderTable(outcomes: readonly Outcome[]): string {
  const clients = [...new Set(outcomes.map(({ client }) => client))];
  const scenarios = [...new Set(outcomes.map(({ scenario }) => scenario))];
  const width = Math.max(...scenarios.map((name) => name.length));
  const heads = clients.map((name, index) => `${String.fromCodePoint(97 + index)} = ${name}`);
  const letters = clients.map((_, index) => String.fromCodePoint(97 + index).padEnd(5)).join(' ');
  const rows = scenarios.map((scenario) => {
    const fields = clients.map((client) => {
      const played = outcomes.filter((one) => one.client === client && one.scenario === scenario);
      return WAYS.map((way) => markOf(played.find((one) => wayOf(one) === way))).join('');
    });
    return `${scenario.padEnd(width)}  ${fields.map((field) => field.padEnd(5)).join(' ')}`;
  });
  const failed = outcomes.filter(({ error }) => error !== undefined).length;
  return [
    ...heads,
    '',
    `${''.padEnd(width)}  ${letters}`,
    ...rows,
    '',
    `In each field: ${WAYS.join(', ')}. ✓ passed, ✗ failed, · not for this client or engine.`,
    `${outcomes.length - failed} of ${outcomes.length} passed.`,
  ].join('\n');
}

function wayOf({ engine, stream }: Outcome): string {
  return `${engine} ${stream ? 'stream' : 'whole'}`;
}

function markOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return '·';
  return outcome.error === undefined ? '✓' : '✗';
}
