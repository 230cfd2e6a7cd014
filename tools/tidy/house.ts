// The rooms of the house: which folder a file belongs to, and which folders it may import from (DESIGN §3).

export type Room = keyof typeof MAY_IMPORT;

/** Type imports count. Every room may import itself and `limits`. */
export const MAY_IMPORT = {
  limits: [],
  lib: [],
  domain: ['lib'],
  ports: ['domain', 'lib'],
  protocols: ['domain', 'lib'],
  // The reference of the API is made of the protocols' own schemas.
  reference: ['protocols', 'domain', 'lib'],
  engines: ['ports', 'domain', 'lib'],
  store: ['ports', 'domain', 'lib'],
  telemetry: ['ports', 'domain', 'lib'],
  // Pages of what is frozen: no port is asked.
  documents: ['domain', 'lib'],
  // Providers of payments, as engines are providers of tokens.
  payments: ['ports', 'domain', 'lib'],
  // Who carries alerts to people and to their programs.
  couriers: ['ports', 'domain', 'lib'],
  // What takes the money, as the gateway takes the requests: it knows no provider.
  till: ['ports', 'domain', 'lib'],
  gateway: ['protocols', 'ports', 'domain', 'lib'],
  jobs: ['gateway', 'till', 'protocols', 'ports', 'domain', 'lib'],
  control: ['till', 'contract', 'ports', 'domain', 'lib'],
  // domain: for the Refusal type alone, docs/decisions/0003.
  http: [
    'gateway',
    'till',
    'control',
    'protocols',
    'reference',
    'ports',
    'contract',
    'domain',
    'lib',
  ],
  start: ['ports', 'domain', 'lib'],
  // start: for what is served where nothing is configured.
  config: ['start', 'domain', 'lib'],
  main: ['compose'],
  compose: [
    'config',
    'start',
    'http',
    'control',
    'jobs',
    'gateway',
    'till',
    'telemetry',
    'documents',
    'store',
    'payments',
    'couriers',
    'engines',
    'protocols',
    'ports',
    'domain',
    'lib',
    'contract',
  ],
  contract: [],
  cli: ['contract'],
  console: ['contract'],
  // What decoding, encoding and money cost is measured on the parts themselves.
  bench: ['protocols', 'engines', 'store', 'gateway', 'ports', 'domain', 'lib'],
  // docs/protocols is made of the reference.
  tools: ['reference'],
  models: [],
} satisfies { readonly [room: string]: readonly string[] };

/** Folders whose parts never know each other: a new one is a folder and a line in a list. */
export const SIBLINGS = [
  'server/src/protocols',
  'server/src/engines',
  'server/src/payments',
  'server/src/couriers',
];

/** Packages that only some rooms may know, so that each can be replaced in one place. */
export const PACKAGE_HOMES: { readonly [name: string]: readonly Room[] } = {
  fastify: ['http'],
  // cli: `turnpike doctor` tries the database from outside.
  pg: ['store', 'cli'],
  undici: ['engines'],
  'node-llama-cpp': ['engines', 'models'],
  pino: ['telemetry'],
  pdfkit: ['documents'],
  stripe: ['payments'],
  nodemailer: ['couriers'],
  openai: ['start', 'cli'],
  zod: [
    'contract',
    'config',
    'protocols',
    'reference',
    'control',
    'http',
    'engines',
    'store',
    'cli',
  ],
  commander: ['cli'],
  '@clack/prompts': ['cli'],
};

/** Undefined for what may import anything: tests, and everything under `test/`. */
export function roomOf(path: string): Room | undefined {
  if (isTest(path)) return undefined;
  const [first = '', second, third = ''] = path.split('/');
  // The composition root is one room, in as many files as it takes.
  const room = third.replace(/\.ts$/, '').replace(/^compose-.*/, 'compose');
  const name = first === 'server' && second === 'src' ? room : first;
  return isRoom(name) ? name : undefined;
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.(?:test|test-server|fixture)\.ts$/.test(path);
}

/** A contract suite is a test that its port carries with it. */
export function isContractSuite(path: string): boolean {
  return path.endsWith('.contract.ts');
}

function isRoom(name: string): name is Room {
  return Object.hasOwn(MAY_IMPORT, name);
}
