// What files are called, what every folder of rules brings along, and what no text of the project may say.

import type { Files, Mistake, TextRule } from './rule.ts';

function eachPath(files: Files, judge: (path: string) => string | undefined): Mistake[] {
  return Object.keys(files).flatMap((path) => {
    const message = judge(path);
    return message === undefined ? [] : [{ path, line: 1, message }];
  });
}

function eachLine(
  files: Files,
  judge: (line: string, path: string) => string | undefined,
): Mistake[] {
  return Object.entries(files).flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const message = judge(line, path);
      return message === undefined ? [] : [{ path, line: index + 1, message }];
    }),
  );
}

const SAYS_NOTHING = /^(?:utils?|helpers?|types?|misc|index|common|shared|stuff)$/;

export const tellingNames: TextRule = {
  name: 'no file or folder that is called utils, helpers, types, misc, index or common',
  checkTexts: (files) =>
    eachPath(files, (path) => {
      if (!/\.(?:ts|tsx|mjs)$/.test(path)) return undefined;
      const vague = path.split('/').find((step) => SAYS_NOTHING.test(step.replace(/\..*$/, '')));
      return vague === undefined ? undefined : `'${vague}' says nothing; name it by its one idea.`;
    }),
  planted: {
    'server/src/lib/utils.ts': '',
    'cli/src/helpers/a.ts': '',
    'contract/src/index.ts': '',
  },
  allowed: { 'server/src/lib/result.ts': '', 'server/src/start/type-of.ts': '' },
};

const KEBAB = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const KEBAB_FILE =
  /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:contract|fixture|test|test-server))*\.(?:ts|mjs|sql)$/;
const PASCAL_FILE = /^[A-Z][A-Za-z0-9]*(?:\.test)?\.tsx$/;

export const kebabCase: TextRule = {
  name: 'names are kebab-case, components Pascal.tsx',
  checkTexts: (files) =>
    eachPath(files, (path) => {
      if (!/\.(?:ts|tsx|mjs|sql)$/.test(path)) return undefined;
      const steps = path.split('/');
      const file = steps.pop() ?? '';
      const wrong = KEBAB_FILE.test(file) || PASCAL_FILE.test(file) ? undefined : file;
      const name = wrong ?? steps.find((step) => !KEBAB.test(step));
      return name === undefined ? undefined : `'${name}' is not kebab-case.`;
    }),
  planted: {
    'server/src/lib/requestId.ts': '',
    'server/src/openAI/a.ts': '',
    'console/src/key-list.tsx': '',
  },
  allowed: {
    'server/src/ports/engine.contract.test.ts': '',
    'console/src/KeyList.tsx': '',
    'server/src/store/postgres/migrations/0001-first.sql': '',
  },
};

const RULE_FOLDERS = ['server/src/domain', 'server/src/protocols'];

export const readmes: TextRule = {
  name: 'every folder of domain/ and protocols/ has a README with its invariants',
  checkTexts(files) {
    const folders = new Set<string>();
    for (const path of Object.keys(files)) {
      const folder = path.slice(0, path.lastIndexOf('/'));
      if (path.endsWith('.ts') && RULE_FOLDERS.some((root) => folder.startsWith(`${root}/`))) {
        folders.add(folder);
      }
    }
    return [...folders].flatMap((folder) => {
      const path = `${folder}/README.md`;
      const readme = files[path] ?? '';
      const missing = ['terms', 'enforced by', 'not promised'].filter(
        (part) => !readme.toLowerCase().includes(part),
      );
      if (missing.length === 0) return [];
      return [{ path, line: 1, message: `the README must tell: ${missing.join(', ')}.` }];
    });
  },
  planted: {
    'server/src/domain/money/nano.ts': '',
    'server/src/protocols/openai-chat/decode.ts': '',
    'server/src/protocols/openai-chat/README.md': '# Chat\n\nTerms: none.',
  },
  allowed: {
    'server/src/domain/refusal.ts': '',
    'server/src/domain/money/nano.ts': '',
    'server/src/domain/money/README.md': '## Terms\n1. Exact. Enforced by `x`.\n## Not promised',
  },
};

// Put together here, so that the rule does not find itself.
const UNFINISHED = new RegExp(`\\b(?:${['TO', 'DO'].join('')}|${['FIX', 'ME'].join('')}|X{3})\\b`);

export const nothingUnfinished: TextRule = {
  name: 'nothing is left as a note to do later',
  checkTexts: (files) =>
    eachLine(files, (line) =>
      UNFINISHED.test(line) ? 'finish it, or write an issue; notes in the code rot.' : undefined,
    ),
  planted: { 'server/src/lib/a.ts': `// ${['TO', 'DO'].join('')}: later` },
  allowed: { 'server/src/lib/a.ts': `// The to-do list of a customer.` },
};

/** Where one person's machine keeps things. `/tmp/` and `/home/` in the middle of a longer path are not that. */
const MACHINE = new RegExp(
  `(?:^|[\\s'"\`(=:])/(?:${['work', 'root', 'home', 'Users', 'tmp'].join('|')})/[\\w.-]`,
);

export const noMachinePaths: TextRule = {
  name: 'no path of one machine',
  checkTexts: (files) =>
    eachLine(files, (line) =>
      MACHINE.test(line) ? 'this path exists on one machine only.' : undefined,
    ),
  planted: { 'docs/a.md': `Run it in ${['', 'home', 'ada', 'code'].join('/')}.` },
  allowed: { 'docs/a.md': 'It answers at `/v1/models`, and `/home` is a page.' },
};
