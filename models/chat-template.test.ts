// The template inside the GGUF must write a prompt exactly as training wrote it, for every kind of request.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';

import { Template } from '@huggingface/jinja';
import { readGgufFileInfo, type GgufFileInfo } from 'node-llama-cpp';

type Part = string | { readonly control: string };
type Request = {
  readonly messages: unknown;
  readonly tools?: unknown;
  readonly response_format?: {
    readonly type: string;
    readonly json_schema?: { readonly schema: unknown };
  };
  readonly reasoning_effort?: string;
};
type Question = { readonly prompt: readonly Part[]; readonly request: Request };

const CONTROL_TYPE = 3; // llama.cpp's LLAMA_TOKEN_TYPE_CONTROL
const CONTROL_TOKENS = 16;

const here = (path: string): string => new URL(`turnpike-mini/${path}`, import.meta.url).pathname;
let gguf: GgufFileInfo;

before(async () => {
  gguf = await readGgufFileInfo(here('turnpike-mini.gguf'), { logWarnings: false });
});

test('the template writes every held-out question as training wrote it', () => {
  const template = new Template(gguf.metadata.tokenizer.chat_template ?? '');
  const lines = readFileSync(here('evaluation.jsonl'), 'utf8').trimEnd().split('\n');
  assert.ok(lines.length > 1000);
  for (const line of lines) {
    // Written by training/evaluation.py and committed beside the model.
    const { prompt, request } = JSON.parse(line) as Question;
    const wanted = prompt.map((part) => (typeof part === 'string' ? part : part.control)).join('');
    assert.equal(render(template, request), wanted);
  }
});

function render(template: Template, request: Request): string {
  return template.render({
    messages: request.messages,
    tools: request.tools,
    json_schema: request.response_format?.json_schema?.schema,
    json_object: request.response_format?.type === 'json_object',
    reasoning_effort: request.reasoning_effort,
    add_generation_prompt: true,
  });
}

test('every tag of the template is a control token, so that user text can not make one', () => {
  const { tokens, token_type: types } = gguf.metadata.tokenizer.ggml;
  const controls = tokens.filter((_, index) => Number(types?.[index]) === CONTROL_TYPE);
  assert.equal(controls.length, CONTROL_TOKENS);
  for (const tag of [
    '<|im_start|>',
    '<|im_end|>',
    '<think>',
    '</think>',
    '<tool_call>',
    '</tool_call>',
    '<tools>',
    '</tools>',
    '<tool_response>',
    '</tool_response>',
  ])
    assert.ok(controls.includes(tag), tag);
});
