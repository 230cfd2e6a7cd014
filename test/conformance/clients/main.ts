// Takes all clients through all scenarios against one running server:
//   node main.ts ORIGIN KEY SCRIPTED_MODEL EMBEDDED_MODEL [ONLY]
// Prints a line of JSON for each cell as it ends, so that a test can follow, or with `--table` the table alone.

import { playAll, type Outcome } from './matrix.ts';
import { renderTable } from './table.ts';

// Its library would report on each trace; there is nobody to report to.
process.env['OPENAI_AGENTS_DISABLE_TRACING'] = '1';
// The AI SDK's advice on settings.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

const asTable = process.argv.includes('--table');
const [origin, key, scripted, embedded, only] = process.argv
  .slice(2)
  .filter((argument) => argument !== '--table');
if (origin === undefined || key === undefined || scripted === undefined || embedded === undefined) {
  process.stderr.write(
    'Say: node main.ts ORIGIN KEY SCRIPTED_MODEL EMBEDDED_MODEL [ONLY] [--table]\n',
  );
  process.exit(2);
}

const outcomes: Outcome[] = [];
const models = { scripted, embedded };
await playAll({ origin, key, models, ...(only !== undefined && { only }) }, (outcome) => {
  outcomes.push(outcome);
  if (!asTable) process.stdout.write(`${JSON.stringify(outcome)}\n`);
});
if (asTable) {
  process.stdout.write(`${renderTable(outcomes)}\n`);
  for (const { client, scenario, engine, stream, error } of outcomes) {
    if (error === undefined) continue;
    const how = stream ? 'stream' : 'whole';
    process.stdout.write(`✗ ${client}, ${scenario}, ${engine} ${how}: ${error}\n`);
  }
}
process.exitCode = outcomes.some(({ error }) => error !== undefined) ? 1 : 0;
