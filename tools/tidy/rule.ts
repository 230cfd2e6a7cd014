// What a rule of the house is. None comes without a planted mistake: a rule that can't be seen to fire is not a rule.

import type { Source } from './source.ts';

export type Mistake = {
  readonly path: string;
  /** 1 for the first. */
  readonly line: number;
  /** What is wrong and what to do, in one sentence. */
  readonly message: string;
};

/** A small repository: text by path. */
export type Files = { readonly [path: string]: string };

type Example = {
  /** Breaks the rule once or more, and the rule must say so. */
  readonly planted: Files;
  /** Looks close to the mistake and is right: the rule must be silent. */
  readonly allowed: Files;
};

/** Looks at one source file at a time. */
export type SourceRule = Example & {
  readonly name: string;
  check(source: Source): readonly Mistake[];
};

/** Looks at how all source files hang together. */
export type TreeRule = Example & {
  readonly name: string;
  checkTree(sources: readonly Source[]): readonly Mistake[];
};

/** Looks at every text file: code, documents, SQL, settings. */
export type TextRule = Example & {
  readonly name: string;
  checkTexts(files: Files): readonly Mistake[];
};

export type Rule = SourceRule | TreeRule | TextRule;
