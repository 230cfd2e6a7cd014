// Renders a conversation through the model's own Jinja template, keeping the template's text and the contents apart, so
// that nothing a user writes can become a control token: the template sees a marker in place of each message's text, and
// in tools, arguments and schemas, which it must see to write them as JSON, every tag is cut in two.

import { randomUUID } from 'node:crypto';

import { Template } from '@huggingface/jinja';

import type {
  FunctionTool,
  JsonSchema,
  ReasoningEffort,
} from '../../../domain/generation/generation.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { ChatCall, ChatMessage } from './conversation.ts';

/** `control` pieces are tokenised one by one, so a tag that is cut between two of them is none. */
export type PromptPiece = { readonly kind: 'control' | 'content'; readonly text: string };

export type TemplateSettings = {
  readonly bosText: string;
  readonly eosText: string;
  /** Absent: as the template has it by default. */
  readonly effort?: ReasoningEffort;
  readonly tools?: readonly FunctionTool[];
  /** The answer is to be JSON, by this schema if there is one. */
  readonly json?: { readonly schema?: JsonSchema };
  /** Finds the names of all tokens that must not come from outside. */
  readonly tags?: RegExp | undefined;
};

/** What most models without a template of their own were tuned on, and llama.cpp's default too; tools as Hermes has them. */
export const CHATML =
  '{%- set rest = messages -%}{%- if tools -%}' +
  "{%- set first = messages[0].content if messages and messages[0].role == 'system' else '' -%}" +
  "{%- set rest = messages[1:] if messages and messages[0].role == 'system' else messages -%}" +
  "<|im_start|>system{{ '\\n' }}{{ first }}{{ '\\n\\n' if first else '' }}" +
  '{{ \'For each function call answer with <tool_call>\\n{"name": …, "arguments": {…}}\\n</tool_call>.\\n\' }}' +
  "<tools>{%- for t in tools -%}{{ '\\n' }}{{ t | tojson }}{%- endfor -%}{{ '\\n' }}</tools>" +
  "<|im_end|>{{ '\\n' }}{%- endif -%}" +
  "{%- for m in rest -%}<|im_start|>{{ m.role }}{{ '\\n' }}{{ m.content }}" +
  "{%- for c in m.tool_calls or [] -%}{{ '\\n' if m.content or not loop.first else '' }}" +
  '<tool_call>{{ \'\\n{"name": \' }}{{ c.function.name | tojson }}, "arguments": {{ c.function.arguments | tojson }}}' +
  "{{ '\\n' }}</tool_call>{%- endfor -%}<|im_end|>{{ '\\n' }}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}<|im_start|>assistant{{ '\\n' }}{%- endif -%}";

export class ChatTemplate {
  readonly #template: Template;
  readonly #knowsJson: boolean;
  readonly #knowsTools: boolean;

  /** Throws on a template that is not Jinja. */
  constructor(source: string) {
    this.#template = new Template(source);
    this.#knowsJson = source.includes('json_schema');
    this.#knowsTools = source.includes('tools');
  }

  /** As the client put it; and if the template has no place for that, with system text moved into the user's. */
  render(
    messages: readonly ChatMessage[],
    settings: TemplateSettings,
  ): Result<readonly PromptPiece[], string> {
    const asked = this.#knowsJson ? messages : withJsonAsked(messages, settings);
    const plain = this.#try(asked, settings);
    const turns = plain.ok ? undefined : alternating(asked);
    return turns === undefined ? plain : this.#try(turns, settings);
  }

  #try(
    messages: readonly ChatMessage[],
    settings: TemplateSettings,
  ): Result<readonly PromptPiece[], string> {
    const mark = `\u{F8FF}${randomUUID()}`;
    const cut = (text: string): string =>
      settings.tags
        ? text.replaceAll(settings.tags, (tag) => `${tag[0]}${mark}|${tag.slice(1)}`)
        : text;
    const { effort, tools = [], json } = settings;
    try {
      const text = this.#template.render({
        messages: messages.map((message, i) =>
          templateMessage(message, `${mark}:${i}\u{F8FF}`, cut),
        ),
        add_generation_prompt: true,
        bos_token: settings.bosText,
        eos_token: settings.eosText,
        ...(tools.length > 0 && { tools: tools.map((tool) => templateTool(tool, cut)) }),
        ...(json &&
          (json.schema ? { json_schema: mapped(json.schema, cut) } : { json_object: true })),
        ...(effort !== undefined && {
          enable_thinking: effort !== 'none',
          reasoning_effort: effort,
        }),
      });
      const shown = text.replaceAll(`${mark}|`, '').replaceAll(mark, '');
      const lost = tools.find(
        ({ name }) => !shown.includes(name) && !shown.includes(JSON.stringify(name).slice(1, -1)),
      );
      if (lost || (tools.length > 0 && !this.#knowsTools)) return err('it has no place for tools');
      return piecesOf(text, mark, messages);
    } catch (error) {
      return err(error instanceof Error ? error.message : String(error));
    }
  }
}

type Cut = (text: string) => string;

function templateMessage(message: ChatMessage, marker: string, cut: Cut): object {
  const content = message.text === '' && message.role === 'assistant' ? '' : marker;
  if (message.role === 'tool') {
    const { callId, name } = message;
    return { role: 'tool', content, tool_call_id: cut(callId), ...(name && { name: cut(name) }) };
  }
  if (message.role !== 'assistant' || !message.calls) return { role: message.role, content };
  const calls = message.calls.map((call) => templateCall(call, cut));
  return { role: 'assistant', content, tool_calls: calls };
}

/** Arguments as an object, as most templates want them; as text where they are none. */
function templateCall({ id, name, arguments: json }: ChatCall, cut: Cut): object {
  let given: unknown;
  try {
    given = mapped(JSON.parse(json), cut);
  } catch {
    given = cut(json);
  }
  return { id: cut(id), type: 'function', function: { name: cut(name), arguments: given } };
}

function templateTool({ name, description, parameters }: FunctionTool, cut: Cut): object {
  const described = description === undefined ? {} : { description: cut(description) };
  const definition = { name: cut(name), ...described, parameters: mapped(parameters, cut) };
  return { type: 'function', function: definition };
}

/** A copy with every text in it changed, keys as well. */
function mapped(value: unknown, change: Cut): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: unknown) => mapped(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [change(k), mapped(v, change)]));
}

function piecesOf(
  rendered: string,
  mark: string,
  messages: readonly ChatMessage[],
): Result<readonly PromptPiece[], string> {
  const pieces: PromptPiece[] = [];
  const seen = new Set<number>();
  for (const [i, part] of rendered.split(mark).entries()) {
    const cut = i === 0 ? undefined : /^(?:\||:(\d+)\u{F8FF})(.*)$/su.exec(part);
    const message = cut?.[1] === undefined ? undefined : messages[Number(cut[1])];
    if (message) pieces.push({ kind: 'content', text: message.text });
    if (message) seen.add(Number(cut?.[1]));
    pieces.push({ kind: 'control', text: cut?.[2] ?? part });
  }
  const isLost = messages.some(
    ({ role, text }, i) => !seen.has(i) && (role !== 'assistant' || text !== ''),
  );
  if (isLost) return err('it leaves out a message');
  return ok(pieces.filter(({ text }) => text !== ''));
}

/** For templates that know nothing of JSON answers: said in the system's words. */
function withJsonAsked(
  messages: readonly ChatMessage[],
  { json }: TemplateSettings,
): readonly ChatMessage[] {
  if (!json) return messages;
  const wish = json.schema
    ? `Answer with JSON that matches this schema:\n${JSON.stringify(json.schema)}`
    : 'Answer with a JSON object.';
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', text: wish }, ...messages];
  return [{ role: 'system', text: first.text === '' ? wish : `${first.text}\n\n${wish}` }, ...rest];
}

/**
 * User and assistant in turns, the user first, and no system: every template accepts that. Undefined for a conversation
 * with tool calls, which can't be told that way.
 */
function alternating(messages: readonly ChatMessage[]): readonly ChatMessage[] | undefined {
  if (messages.some((m) => m.role === 'tool' || (m.role === 'assistant' && m.calls)))
    return undefined;
  const joined: { role: 'user' | 'assistant'; text: string }[] = [];
  for (const { role, text } of messages) {
    const asRole = role === 'assistant' ? role : 'user';
    const last = joined.at(-1);
    if (last?.role === asRole)
      joined.splice(-1, 1, { role: asRole, text: `${last.text}\n\n${text}` });
    else if (last === undefined && asRole === 'assistant')
      joined.push({ role: 'user', text: '' }, { role: asRole, text });
    else joined.push({ role: asRole, text });
  }
  return joined;
}
