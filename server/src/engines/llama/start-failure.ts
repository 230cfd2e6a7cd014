// Why the embedded engine can't start, as values, and one sentence for each that says what to do.

import { unreachable } from '../../lib/assert.ts';

export type LlamaStartFailure =
  | { readonly kind: 'model-missing'; readonly path: string }
  | { readonly kind: 'model-unreadable'; readonly path: string; readonly detail: string }
  | { readonly kind: 'not-gguf'; readonly path: string }
  | { readonly kind: 'model-damaged'; readonly path: string; readonly detail: string }
  | { readonly kind: 'model-unsupported'; readonly path: string; readonly detail: string }
  | { readonly kind: 'memory'; readonly path: string; readonly detail: string }
  | {
      readonly kind: 'no-binary';
      readonly platform: string;
      readonly arch: string;
      /** Absent where the system has no glibc at all, such as Alpine. */
      readonly glibc?: string;
    }
  | { readonly kind: 'crashed'; readonly path: string; readonly detail: string }
  | { readonly kind: 'timeout'; readonly path: string; readonly afterMs: number }
  | { readonly kind: 'stopped' };

export function startFailureSentence(failure: LlamaStartFailure): string {
  switch (failure.kind) {
    case 'model-missing':
      return `There is no model file at ${failure.path}: check the path of the model.`;
    case 'model-unreadable':
      return `The model file ${failure.path} can't be read (${failure.detail}): check its permissions.`;
    case 'not-gguf':
      return `The model file ${failure.path} is not a GGUF file: give the path of a model in GGUF format.`;
    case 'model-damaged':
      return `The model file ${failure.path} is damaged or incomplete (${failure.detail}): copy or download it again.`;
    case 'model-unsupported':
      return `The model in ${failure.path} is of a kind that this llama.cpp does not run (${failure.detail}): use another model.`;
    case 'memory':
      return `There is not enough memory for the model ${failure.path} (${failure.detail}): use a smaller model, fewer slots or a shorter context.`;
    case 'no-binary':
      return noBinarySentence(failure);
    case 'crashed':
      return `The engine's process ended while it loaded ${failure.path} (${failure.detail}): the file may be damaged, or larger than the memory.`;
    case 'timeout':
      return `The model ${failure.path} was not loaded within ${Math.round(failure.afterMs / 1000)} s: use a faster disk or a smaller model.`;
    case 'stopped':
      return 'The engine was stopped before it was ready.';
    default:
      return unreachable(failure);
  }
}

function noBinarySentence(failure: LlamaStartFailure & { kind: 'no-binary' }): string {
  const remedy = 'use such a system, or another inference server as the engine';
  if (failure.platform === 'linux' && failure.glibc === undefined) {
    return `The embedded engine needs glibc, which this Linux (musl, such as Alpine) has not: ${remedy}.`;
  }
  if (failure.platform === 'linux' && ['x64', 'arm64'].includes(failure.arch)) {
    return `The embedded engine does not load on this Linux with glibc ${failure.glibc}: it needs glibc 2.34 or newer and an installation that did not leave out optional packages; ${remedy}.`;
  }
  return `There is no embedded engine for ${failure.platform} on ${failure.arch}: it needs Linux or macOS on x64 or arm64; ${remedy}.`;
}
