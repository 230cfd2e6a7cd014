// The command line of the benchmark.

import { parseArgs } from 'node:util';
import { contenders } from './contenders/all.ts';
import { UNLEASED } from './contenders/turnpike.ts';
import { BASELINE } from './rows.ts';
import {
  DEFAULT_SCHEDULE,
  QUICK_SCHEDULE,
  SCENARIOS,
  type ScenarioName,
  type Schedule,
} from './schedule.ts';

export type Options = {
  readonly schedule: Schedule;
  readonly quick: boolean;
  readonly jsonFile: string | undefined;
  readonly contenders: readonly string[];
  readonly scenarios: readonly ScenarioName[];
  readonly portBase: number;
  /** Not the contenders, but what the protocols cost. */
  readonly codec: boolean;
  /** Not the contenders, but what money costs. */
  readonly money: boolean;
};

const PORT_BASE = 18_300;

export const HELP = `Measures Turnpike beside other gateways, all in one run on the same work.

  npm run bench -- [options]

  --quick              about a minute instead of five; one round, rougher figures
  --only a,b           only these contenders of ${contenders.map((one) => one.name).join(', ')} (direct always runs)
  --scenario a,b       only these of ${SCENARIOS.join(', ')}
  --codec              what the protocols cost, instead: decoding, encoding, requests of each
  --money              what money costs, instead: in memory, in the log, in PostgreSQL, in a whole server
  --json FILE          write the figures to FILE instead of bench/results/latest.json
  --port-base N        use the ports from N upwards (default ${PORT_BASE})
  --help               this text

bench/README.md says what the figures mean.
`;

/** The options, or one sentence that says what is wrong with them. */
export function parseOptions(
  args: readonly string[],
): Options | 'help' | { readonly error: string } {
  const parsed = parse(args);
  if ('error' in parsed) return parsed;
  const { values } = parsed;
  if (values.help === true) return 'help';
  const names = contenders.map((one) => one.name);
  const only = split(values.only) ?? names.filter((name) => name !== UNLEASED);
  const scenarios = split(values.scenario) ?? SCENARIOS;
  const strange = only.find((name) => !names.includes(name));
  if (strange !== undefined)
    return { error: `There is no contender "${strange}"; choose from ${names.join(', ')}.` };
  const known = scenarios.filter(isScenario);
  if (known.length < scenarios.length)
    return { error: `Choose scenarios from ${SCENARIOS.join(', ')}.` };
  const portBase = Number(values['port-base'] ?? PORT_BASE);
  if (!Number.isInteger(portBase) || portBase < 1024 || portBase > 65_000) {
    return { error: '--port-base must be a number between 1024 and 65000.' };
  }
  return {
    schedule: values.quick === true ? QUICK_SCHEDULE : DEFAULT_SCHEDULE,
    quick: values.quick === true,
    jsonFile: values.json,
    contenders: names.filter((name) => name === BASELINE || only.includes(name)),
    scenarios: SCENARIOS.filter((name) => known.includes(name)),
    portBase,
    codec: values.codec === true,
    money: values.money === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        codec: { type: 'boolean' },
        money: { type: 'boolean' },
        only: { type: 'string' },
        scenario: { type: 'string' },
        json: { type: 'string' },
        'port-base': { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function split(list: string | undefined): string[] | undefined {
  return list?.split(',').map((name) => name.trim());
}

function isScenario(name: string): name is ScenarioName {
  return SCENARIOS.some((known) => known === name);
}
