// From a conversation to the prompt's tokens. The template's own text may hold control tokens, contents never do.

import { setImmediate as nextTick } from 'node:timers/promises';

import type { LlamaModel, Token } from 'node-llama-cpp';

import type { EngineFailure } from '../../../domain/generation/engine-failure.ts';
import type { Generation, Item } from '../../../domain/generation/generation.ts';
import { err, ok } from '../../../lib/result.ts';
import type { Result } from '../../../lib/result.ts';
import type { ChatMessage, ChatTemplate, PromptPiece } from './chat-template.ts';
import { THINK_OPEN } from './reasoning-split.ts';

export type Prompt = {
  readonly tokens: readonly Token[];
  /** The template itself opened the thinking. */
  readonly thinkingOpened: boolean;
};

export type PromptMaker = {
  readonly model: LlamaModel;
  readonly template: ChatTemplate;
  /** Finds tags that the tokeniser takes for tokens even in plain text. */
  readonly tags: RegExp | undefined;
};

/** Long texts are tokenised in pieces with a pause between, so that running generations go on. */
const PIECE_CHARACTERS = 16_384;

export async function makePrompt(
  maker: PromptMaker,
  generation: Generation,
): Promise<Result<Prompt, EngineFailure>> {
  const { model, template } = maker;
  const effort = generation.reasoningEffort;
  const pieces = template.render(generation.items.flatMap(messageOf), {
    bosText: model.tokens.bosString ?? '',
    eosText: model.tokens.eosString ?? '',
    ...(effort === undefined ? {} : { thinking: effort !== 'none' }),
  });
  if (!pieces.ok) return err(notRenderable(pieces.error));
  const tokens: Token[] = [];
  const { bos } = model.tokens;
  for (const { kind, text } of withSpacesMoved(pieces.value)) {
    if (kind === 'control') tokens.push(...model.tokenize(text, true));
    else await pushContent(maker, text, tokens);
  }
  if (model.tokens.shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
  const last = pieces.value.at(-1);
  const thinkingOpened = last?.kind === 'control' && last.text.trimEnd().endsWith(THINK_OPEN);
  return ok({ tokens, thinkingOpened });
}

/** Tokens of `specials` that the tokeniser recognises in plain text are cut after their first character there. */
export function tagPattern(tags: readonly string[]): RegExp | undefined {
  const bracketed = tags.filter((tag) => /^<[^<>\s]*>$|^\[[^[\]\s]*\]$/u.test(tag));
  if (bracketed.length === 0) return undefined;
  const longestFirst = bracketed.toSorted((a, b) => b.length - a.length);
  return new RegExp(longestFirst.map((tag) => RegExp.escape(tag)).join('|'), 'gu');
}

async function pushContent(maker: PromptMaker, text: string, tokens: Token[]): Promise<void> {
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
    if (at > 0) await nextTick();
    for (const plain of withoutTags(text.slice(at, at + PIECE_CHARACTERS), maker.tags)) {
      for (const token of maker.model.tokenize(plain, false, 'trimLeadingSpace'))
        tokens.push(token);
    }
  }
}

/** Cuts each tag after its first character, so that the tokeniser sees no tag. */
export function withoutTags(text: string, tags: RegExp | undefined): readonly string[] {
  if (tags === undefined) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (const { index } of text.matchAll(tags)) {
    pieces.push(text.slice(from, index + 1));
    from = index + 1;
  }
  pieces.push(text.slice(from));
  return pieces.filter((piece) => piece !== '');
}

/** A space at the end of the template's text belongs to the word after it, as tokenisers see it. */
function withSpacesMoved(pieces: readonly PromptPiece[]): readonly PromptPiece[] {
  let spaces = '';
  return pieces.map((piece, i) => {
    const text = spaces + piece.text;
    spaces = '';
    if (piece.kind === 'content' || pieces[i + 1]?.kind !== 'content') return { ...piece, text };
    spaces = / *$/u.exec(text)?.[0] ?? '';
    return { ...piece, text: text.slice(0, text.length - spaces.length) };
  });
}

/** Earlier thinking is left out, as the models' own templates do. */
function messageOf(item: Item): readonly ChatMessage[] {
  if (item.kind !== 'message') return [];
  return [{ role: item.role === 'developer' ? 'system' : item.role, text: item.text }];
}

function notRenderable(detail: string): EngineFailure {
  const message = `The model's chat template does not accept this conversation (${detail}).`;
  return { kind: 'rejected', message, field: 'items' };
}
