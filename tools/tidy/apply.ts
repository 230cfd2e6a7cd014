// All rules of the house, and how one is put to a set of files.

import {
  noAny,
  noNonNull,
  oneEnvironmentReader,
  pureCore,
  reasonForAs,
  ticketsFromTheGateway,
} from './escape-rules.ts';
import {
  importExtensions,
  importTable,
  noCycles,
  noSiblings,
  packageHomes,
} from './import-rules.ts';
import type { Files, Mistake, Rule } from './rule.ts';
import { introduction, noBarrels, shortFiles, shortFunctions, unitsLast } from './shape-rules.ts';
import type { Source } from './source.ts';
import {
  kebabCase,
  noMachinePaths,
  nothingUnfinished,
  readmes,
  tellingNames,
} from './text-rules.ts';

export const RULES: readonly Rule[] = [
  importTable,
  noSiblings,
  packageHomes,
  importExtensions,
  noCycles,
  noAny,
  noNonNull,
  reasonForAs,
  oneEnvironmentReader,
  ticketsFromTheGateway,
  pureCore,
  shortFiles,
  shortFunctions,
  introduction,
  noBarrels,
  unitsLast,
  tellingNames,
  kebabCase,
  readmes,
  nothingUnfinished,
  noMachinePaths,
];

export function apply(rule: Rule, files: Files, sources: readonly Source[]): readonly Mistake[] {
  if ('check' in rule) return sources.flatMap((source) => rule.check(source));
  if ('checkTree' in rule) return rule.checkTree(sources);
  return rule.checkTexts(files);
}

export function shown({ path, line, message }: Mistake): string {
  return `${path}:${line}: ${message}`;
}
