// Grammars of custom tools become grammars that llama.cpp reads, and whatever a model says under one of them is a sentence
// of the grammar that the client wrote: checked with JavaScript's own expressions, with tokens chosen almost by chance.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Result } from '../../../lib/result.ts';
import { GrammarRules, literal } from './grammar-rules.ts';
import { GrammarSampler } from './grammar-sampler.fixture.ts';
import { readLark } from './lark-grammar.ts';
import { regexGrammar } from './regex-grammar.ts';
import { textRule } from './text-grammar.ts';
import type { TextGrammar } from './text-node.ts';

/** The one that Codex 0.169 sends for its tool apply_patch. */
const PATCH = `start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_hunk | delete_hunk | update_hunk
add_hunk: "*** Add File: " filename LF add_line+
delete_hunk: "*** Delete File: " filename LF
update_hunk: "*** Update File: " filename LF change_move? change?

filename: /(.+)/
add_line: "+" /(.*)/ LF -> line

change_move: "*** Move to: " filename LF
change: (change_context | change_line)+ eof_line?
change_context: ("@@" | "@@ " /(.+)/) LF
change_line: ("+" | "-" | " ") /(.*)/ LF
eof_line: "*** End of File" LF

%import common.LF
`;
// A dot is all but a line feed there; JavaScript's own leaves out a carriage return too.
const CHANGE = String.raw`(?:(?:@@|@@ [^\n]+|[-+ ][^\n]*)\n)+(?:\*\*\* End of File\n)?`;
const HUNK = String.raw`(?:\*\*\* Add File: [^\n]+\n(?:\+[^\n]*\n)+|\*\*\* Delete File: [^\n]+\n|\*\*\* Update File: [^\n]+\n(?:\*\*\* Move to: [^\n]+\n)?(?:${CHANGE})?)`;
const IS_PATCH = new RegExp(String.raw`^\*\*\* Begin Patch\n${HUNK}+\*\*\* End Patch\n?$`);

/** A string of JSON, as the tool's input travels. */
function written(grammar: Result<TextGrammar, string>): string {
  assert.ok(grammar.ok, JSON.stringify(grammar));
  const rules = new GrammarRules();
  const rule = textRule(grammar.value, rules);
  assert.ok(rule.ok, JSON.stringify(rule));
  return rules.text(`${literal('"')} ${rule.value} ${literal('"')}`);
}

function problemOf(grammar: Result<TextGrammar, string>): string {
  const made = grammar.ok ? textRule(grammar.value, new GrammarRules()) : grammar;
  return made.ok ? 'none' : made.error;
}

describe('grammars of custom tools', () => {
  let sampler: GrammarSampler;
  before(async () => (sampler = await GrammarSampler.load()));
  after(() => sampler[Symbol.asyncDispose]());

  async function said(grammar: string, seeds: number, tokensMax?: number): Promise<string[]> {
    const texts: string[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const text = await sampler.sample(grammar, seed, tokensMax);
      if (text !== undefined) texts.push(String(JSON.parse(text)));
    }
    return texts;
  }

  test("Codex's patches are patches", async () => {
    // Shorter lines, so that a patch comes to its end before the tokens do.
    const short = PATCH.replaceAll('.+', '.{1,6}')
      .replaceAll('.*', '.{0,6}')
      .replaceAll(/(hunk|line|line\))\+/g, '$1 ~ 1..2');
    assert.ok(await sampler.state(written(readLark(PATCH))));
    const texts = await said(written(readLark(short)), 6, 200);
    assert.ok(texts.length > 2, `${texts.length} came to an end`);
    for (const text of texts) assert.match(text, IS_PATCH);
  });

  const expressions: readonly string[] = [
    String.raw`[0-9]{4}-(0[1-9]|1[0-2])`,
    String.raw`(?:"[^"\\\n]{0,5}"|\\[a-f]{2}){1,3}`,
    String.raw`^\w{1,4}@[a-z]{1,3}\.(?:com|org)$`,
    String.raw`\s?\d+?\D{2}[^\W\d]{1,3}`,
    String.raw`(?P<one>a|b)?[\]\-x^]{2}[^-]`,
    String.raw`\x41\u00e9[\t\n]?[💡-💣]{1,2}.`,
    String.raw`SELECT (?:\*|[a-z]{1,4}(?:, [a-z]{1,4}){0,2}) FROM [a-z]{1,5};?`,
  ];
  for (const pattern of expressions) {
    test(`${pattern} is matched`, async () => {
      const texts = await said(written(regexGrammar(pattern)), 6);
      assert.ok(texts.length > 0);
      const own = new RegExp(`^(?:${pattern.replaceAll('(?P<', '(?<')})$`, 'u');
      for (const text of texts) assert.match(text, own);
    });
  }

  test('whatever stands in a set is said as JSON has it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(0x2_00), fc.nat(40)), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.nat(1_000),
        async (pairs, isNegated, seed) => {
          const hex = (point: number): string => `\\u${point.toString(16).padStart(4, '0')}`;
          const set = pairs.map(([from, size]) => `${hex(from)}-${hex(from + size)}`).join('');
          const pattern = `[${isNegated ? '^' : ''}${set}]{3}`;
          const text = await sampler.sample(written(regexGrammar(pattern)), seed);
          if (text === undefined) return;
          assert.match(String(JSON.parse(text)), new RegExp(`^${pattern}$`, 'u'));
        },
      ),
      { numRuns: 15 },
    );
  });

  test('lists that begin with themselves, spaces that are ignored, cases, ranges and counts', async () => {
    const list = `// a list
      start: list
      ?list: list "," item
           | item
      item.2: "x"i ~ 2 | ["a".."c"] DIGIT -> number
      %import common (DIGIT, WS_INLINE)
      %ignore WS_INLINE`;
    const texts = await said(written(readLark(list)), 10);
    assert.ok(texts.length > 2);
    const item = '(?:[xX]\\s*[xX]|(?:[a-c]\\s*)?[0-9])\\s*';
    for (const text of texts) assert.match(text, new RegExp(`^\\s*${item}(?:,\\s*${item})*$`));
  });

  const beyond: readonly (readonly [Result<TextGrammar, string>, RegExp])[] = [
    [regexGrammar('(?=a)b'), /looks around/],
    [regexGrammar(String.raw`(a)\1`), /refers back/],
    [regexGrammar(String.raw`\bword`), /looks around/],
    [regexGrammar(String.raw`\p{L}`), /not known/],
    [regexGrammar('a^b'), /'\^' in its middle/],
    [regexGrammar('a{5000}'), /more than 1000 times/],
    [regexGrammar('(a'), /without its '\)'/],
    [regexGrammar('[z-a]'), /range/],
    [readLark('start: a\na: b "x" | "y"\nb: a'), /contains itself/],
    [readLark('start: "(" start ")" | "a"'), /contains itself/],
    [regexGrammar('(((.?){50}){50}){50}'), /places, and 4096/],
    [readLark('start: a'), /no rule 'a'/],
    [regexGrammar('[^\\s\\S]'), /no text/],
    [regexGrammar(`(?:a|b)*a(?:a|b){16}`), /too many ways/],
    [readLark('begin: "a"'), /no rule 'start'/],
    [readLark('start: "a"\nstart: "b"'), /twice/],
    [readLark('start: _sep{"a", "b"}'), /not known/],
    [readLark('%import python.NAME\nstart: NAME'), /more than common/],
    [readLark('start: "a'), /not known/],
    [readLark(`start: ${'('.repeat(100)}"a"${')'.repeat(100)}`), /deeper/],
  ];
  test('what is beyond them is named', () => {
    for (const [grammar, words] of beyond) assert.match(problemOf(grammar), words);
  });

  test('reading never throws, and llama.cpp reads what comes of it', async () => {
    const bits = [
      'a',
      'b: ',
      'start: ',
      '"x"',
      '/[^a]/',
      '|',
      '(',
      ')',
      '*',
      '+',
      '?',
      '~2',
      '\n',
      '%ignore ',
      '{2}',
      '[',
      ']',
      '\\d',
      '.',
      'start',
    ];
    const soup = fc.array(fc.constantFrom(...bits), { maxLength: 14 }).map((some) => some.join(''));
    await fc.assert(
      fc.asyncProperty(soup, fc.boolean(), async (text, isLark) => {
        const grammar = isLark ? readLark(`start: "s" ${text}`) : regexGrammar(text);
        if (problemOf(grammar) !== 'none') return;
        assert.ok(await sampler.state(written(grammar)));
      }),
      { numRuns: 400 },
    );
  });
});
