// Renders a conversation through the model's own Jinja template, keeping the template's text and the contents apart:
// the template sees a marker in place of each content, so nothing a user writes can become a control token.

import { randomUUID } from 'node:crypto';

import { Template } from '@huggingface/jinja';

import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';

export type ChatMessage = {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
};

export type PromptPiece = { readonly kind: 'control' | 'content'; readonly text: string };

export type TemplateSettings = {
  readonly bosText: string;
  readonly eosText: string;
  /** Absent: as the template has it by default. */
  readonly thinking?: boolean;
};

/** What most models without a template of their own were tuned on, and llama.cpp's default too. */
export const CHATML =
  "{%- for m in messages -%}<|im_start|>{{ m.role }}{{ '\\n' }}{{ m.content }}<|im_end|>{{ '\\n' }}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}<|im_start|>assistant{{ '\\n' }}{%- endif -%}";

export class ChatTemplate {
  readonly #template: Template;

  /** Throws on a template that is not Jinja. */
  constructor(source: string) {
    this.#template = new Template(source);
  }

  /** As the client put it; and if the template has no place for that, with system text moved into the user's. */
  render(
    messages: readonly ChatMessage[],
    settings: TemplateSettings,
  ): Result<readonly PromptPiece[], string> {
    const plain = this.#try(messages, settings);
    return plain.ok ? plain : this.#try(alternating(messages), settings);
  }

  #try(
    messages: readonly ChatMessage[],
    { bosText, eosText, thinking }: TemplateSettings,
  ): Result<readonly PromptPiece[], string> {
    const mark = `\u{F8FF}${randomUUID()}`;
    const marked = messages.map(({ role }, i) => ({ role, content: `${mark}:${i}\u{F8FF}` }));
    try {
      const text = this.#template.render({
        messages: marked,
        add_generation_prompt: true,
        bos_token: bosText,
        eos_token: eosText,
        ...(thinking === undefined ? {} : { enable_thinking: thinking }),
      });
      return piecesOf(text, mark, messages);
    } catch (error) {
      return err(error instanceof Error ? error.message : String(error));
    }
  }
}

function piecesOf(
  rendered: string,
  mark: string,
  messages: readonly ChatMessage[],
): Result<readonly PromptPiece[], string> {
  const pieces: PromptPiece[] = [];
  const seen = new Set<number>();
  for (const [i, part] of rendered.split(mark).entries()) {
    const cut = i === 0 ? undefined : /^:(\d+)\u{F8FF}(.*)$/su.exec(part);
    const message = cut ? messages[Number(cut[1])] : undefined;
    if (message) pieces.push({ kind: 'content', text: message.text });
    if (cut) seen.add(Number(cut[1]));
    pieces.push({ kind: 'control', text: cut?.[2] ?? part });
  }
  if (seen.size < messages.length) return err('it leaves out a message');
  return ok(pieces.filter(({ text }) => text !== ''));
}

/** User and assistant in turns, the user first, and no system: every template accepts that. */
function alternating(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const joined: ChatMessage[] = [];
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
