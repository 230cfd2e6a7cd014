// Prints the table of the model card: held-out questions, asked of the raw model or, with --api, through a running server.
//
//   node models/evaluate.ts [--model file.gguf] [--family name] [--misses 3]
//   node models/evaluate.ts --api http://127.0.0.1:8080/v1 --key tp-… [--name turnpike-mini]

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { askApi } from './ask-api.ts';
import { openRawModel, type PromptPart } from './ask-raw.ts';
import { apiEmbedder, openRawEmbedder, SHIPPED_EMBEDDER } from './embedder.ts';
import { judge, type Answer, type Judge } from './judge.ts';
import { searchRows } from './search.ts';
import { verdicts, type Asked } from './validity.ts';

type Question = {
  readonly family: string;
  readonly request: Record<string, unknown> & Asked;
  readonly prompt: readonly PromptPart[];
  readonly judge: Judge;
};
type Score = {
  asked: number;
  right: number;
  named: number;
  names: number;
  readonly misses: string[];
};
type Ask = (question: Question) => Promise<Answer>;
type Validity = { checked: number; valid: number };

const SHOWN_MAX = 160;
const EMBEDDER = 'turnpike-embed';
const validity: Validity = { checked: 0, valid: 0 };

const { values: options } = parseArgs({
  options: {
    model: {
      type: 'string',
      default: new URL('turnpike-mini/turnpike-mini.gguf', import.meta.url).pathname,
    },
    questions: {
      type: 'string',
      default: new URL('turnpike-mini/evaluation.jsonl', import.meta.url).pathname,
    },
    family: { type: 'string' },
    misses: { type: 'string', default: '0' },
    api: { type: 'string' },
    key: { type: 'string', default: '' },
    name: { type: 'string', default: 'turnpike-mini' },
  },
});

function readQuestions(): Question[] {
  const lines = readFileSync(options.questions, 'utf8').trimEnd().split('\n');
  // The file is written by training/evaluation.py and committed beside the model.
  const questions = lines.map((line) => JSON.parse(line) as Question);
  return questions.filter(
    (question) => options.family === undefined || question.family === options.family,
  );
}

async function askAll(questions: readonly Question[], ask: Ask): Promise<Map<string, Score>> {
  const scores = new Map<string, Score>();
  for (const question of questions) {
    const score = scores.get(question.family) ?? {
      asked: 0,
      right: 0,
      named: 0,
      names: 0,
      misses: [],
    };
    scores.set(question.family, score);
    const answer = await ask(question);
    const verdict = judge(question.judge, answer);
    for (const valid of verdicts(question.request, answer)) {
      validity.checked += 1;
      validity.valid += Number(valid);
    }
    score.asked += 1;
    score.right += Number(verdict.right);
    score.names += Number(verdict.name !== undefined);
    score.named += Number(verdict.name === true);
    if (!verdict.right) score.misses.push(miss(question, answer));
  }
  return scores;
}

function miss(question: Question, answer: Answer): string {
  const asked = question.prompt.findLast(
    (part) => typeof part === 'string' && part.startsWith('user\n'),
  );
  const said = answer.calls.length > 0 ? JSON.stringify(answer.calls) : answer.text;
  const wanted =
    question.judge.kind === 'exact' ? question.judge.any[0] : JSON.stringify(question.judge);
  return [`asked  ${shown(asked)}`, `said   ${shown(said)}`, `wanted ${shown(wanted)}`]
    .map((line) => `    ${line}`)
    .join('\n');
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, SHOWN_MAX) ?? '';
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}

function print(scores: ReadonlyMap<string, Score>): void {
  console.log('| family | right | of |\n|---|---|---|');
  for (const [family, score] of scores) {
    if (score.names > 0)
      console.log(`| ${family}: name | ${percent(score.named, score.names)} | ${score.names} |`);
    const what = score.names > 0 ? `${family}: name and all arguments` : family;
    console.log(`| ${what} | ${percent(score.right, score.asked)} | ${score.asked} |`);
    for (const one of score.misses.slice(0, Number(options.misses))) console.log(one);
  }
  if (validity.checked > 0)
    console.log(
      `| valid against the schema | ${percent(validity.valid, validity.checked)} | ${validity.checked} |`,
    );
}

async function evaluateRaw(questions: readonly Question[]): Promise<Map<string, Score>> {
  await using model = await openRawModel(options.model);
  const started = performance.now();
  const scores = await askAll(questions, (question) => model.ask(question.prompt));
  const seconds = (performance.now() - started) / 1000;
  console.log(`${model.producedTokens()} tokens in ${seconds.toFixed(0)} s, prompts included\n`);
  return scores;
}

const questions = readQuestions();
const { api: baseUrl, key, name: model } = options;
print(
  baseUrl === undefined
    ? await evaluateRaw(questions)
    : await askAll(questions, (question) => askApi({ baseUrl, key, model }, question.request)),
);
if (options.family === undefined) {
  await using embedder =
    baseUrl === undefined
      ? await openRawEmbedder(SHIPPED_EMBEDDER)
      : apiEmbedder({ baseUrl, key, model: EMBEDDER });
  for (const line of await searchRows(embedder, Number(options.misses))) console.log(line);
}
