// Who may import whom, and how.

import { MAY_IMPORT, PACKAGE_HOMES, roomOf, SIBLINGS } from './house.ts';
import type { Mistake, SourceRule, TreeRule } from './rule.ts';
import type { Import, Source } from './source.ts';

function mistakes(
  source: Source,
  judge: (imported: Import) => string | undefined,
): readonly Mistake[] {
  return source.imports.flatMap((imported) => {
    const message = judge(imported);
    return message === undefined ? [] : [{ path: source.path, line: imported.line, message }];
  });
}

/** Where a program reads its own version. */
const MANIFESTS: { readonly [room: string]: string } = {
  compose: 'server/package.json',
  cli: 'cli/package.json',
};

export const importTable: SourceRule = {
  name: 'a folder imports only the folders of the import table',
  check(source) {
    const room = roomOf(source.path);
    if (room === undefined) return [];
    const allowed: readonly string[] = [room, 'limits', ...MAY_IMPORT[room]];
    return mistakes(source, ({ path }) => {
      if (path === undefined || path === MANIFESTS[room]) return undefined;
      const target = roomOf(path);
      if (target !== undefined && allowed.includes(target)) return undefined;
      return `${room} may not import ${target ?? path}; see the table in tools/tidy/house.ts.`;
    });
  },
  planted: {
    'server/src/domain/money/nano.ts': `// x\nimport type { Ledger } from '../../ports/ledger.ts';`,
    'cli/src/main.ts': `// x\nconst server = await import('../../server/src/config.ts');`,
    'server/src/store/memory/ledger.ts': `// x\ntype Engine = import('../../gateway/gateway.ts').Gateway;`,
    'server/src/ports/ledger.ts': `// x\nexport { fakeLedger } from './ledger.test.ts';`,
  },
  allowed: {
    'server/src/domain/money/nano.ts': `// x\nimport { A_MAX } from '../../limits.ts';`,
    'cli/src/main.ts': `// x\nimport type { Key } from '@turnpike/contract/keys.ts';`,
    'server/src/gateway/serve.test.ts': `// x\nimport { MemoryLedger } from '../store/memory/ledger.ts';`,
  },
};

export const noSiblings: SourceRule = {
  name: 'one protocol or engine never imports another',
  check(source) {
    const parent = SIBLINGS.find((folder) => source.path.startsWith(`${folder}/`));
    if (parent === undefined || roomOf(source.path) === undefined) return [];
    const own = childOf(parent, source.path);
    if (own === undefined) return [];
    return mistakes(source, ({ path = '' }) => {
      const other = childOf(parent, path);
      if (other === undefined || other === own) return undefined;
      return `${own} may not know ${other}; what both need belongs in ${parent}/ or domain/.`;
    });
  },
  planted: {
    'server/src/engines/llama/engine.ts': `// x\nimport { x } from '../scripted/script.ts';`,
  },
  allowed: {
    'server/src/engines/llama/engine.ts': `// x\nimport { x } from './host.ts';`,
    'server/src/protocols/openai-chat/decode.ts': `// x\nimport type { P } from '../protocol.ts';`,
    'server/src/protocols/registry.ts': `// x\nimport { x } from './openai-chat/openai-chat.ts';`,
  },
};

/** `openai-chat` of `server/src/protocols/openai-chat/decode.ts`; undefined for files that lie in `parent` itself. */
function childOf(parent: string, path: string): string | undefined {
  if (!path.startsWith(`${parent}/`)) return undefined;
  const [child, rest] = path.slice(parent.length + 1).split('/');
  return rest === undefined ? undefined : child;
}

export const packageHomes: SourceRule = {
  name: 'a package is known only where it is at home',
  check(source) {
    const room = roomOf(source.path);
    if (room === undefined) return [];
    return mistakes(source, ({ specifier, path }) => {
      if (path !== undefined) return undefined;
      const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
      const homes = PACKAGE_HOMES[name];
      if (homes === undefined || homes.includes(room)) return undefined;
      return `'${name}' may be imported in ${homes.join(', ')} only.`;
    });
  },
  planted: { 'server/src/gateway/serve.ts': `// x\nimport type { FastifyReply } from 'fastify';` },
  allowed: { 'server/src/http/http-server.ts': `// x\nimport Fastify from 'fastify';` },
};

export const importExtensions: SourceRule = {
  name: 'a relative import names the file with its extension',
  check: (source) =>
    mistakes(source, ({ specifier, path }) =>
      path === undefined || /\.(?:ts|tsx|mjs|json)$/.test(specifier)
        ? undefined
        : `'${specifier}' needs its extension: the code runs as it is written.`,
    ),
  planted: { 'server/src/lib/ids.ts': `// x\nimport { x } from './result';` },
  allowed: { 'server/src/lib/ids.ts': `// x\nimport { x } from './result.ts';\nimport 'node:fs';` },
};

export const noCycles: TreeRule = {
  name: 'no import cycles',
  checkTree(sources) {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const done = new Set<string>();
    const found: Mistake[] = [];
    const visit = (source: Source, trail: readonly string[]): void => {
      const begun = trail.indexOf(source.path);
      if (begun !== -1) {
        const ring = [...trail.slice(begun), source.path].join(' → ');
        found.push({ path: source.path, line: 1, message: `an import cycle: ${ring}.` });
      }
      if (begun !== -1 || done.has(source.path)) return;
      for (const { path = '' } of source.imports) {
        const next = byPath.get(path);
        if (next !== undefined) visit(next, [...trail, source.path]);
      }
      done.add(source.path);
    };
    for (const source of sources) visit(source, []);
    return found;
  },
  planted: {
    'server/src/lib/a.ts': `// x\nimport { b } from './b.ts';`,
    'server/src/lib/b.ts': `// x\nimport type { C } from './c.ts';`,
    'server/src/lib/c.ts': `// x\nexport { a } from './a.ts';`,
  },
  allowed: {
    'server/src/lib/a.ts': `// x\nimport { b } from './b.ts';\nimport { c } from './c.ts';`,
    'server/src/lib/b.ts': `// x\nimport { c } from './c.ts';`,
    'server/src/lib/c.ts': `// x\nexport const c = 1;`,
  },
};
