// Reads what llama.cpp and its binding say when a model does not load.

import type { LlamaStartFailure } from '../start-failure.ts';

/** The reader of the file's header stumbles over a number that can't be one. */
const HEADER_NONSENSE =
  /out of range|invalid (array|string|typed array) length|unsupported gguf value type/iu;

export function loadFailure(
  path: string,
  error: unknown,
  complaints: readonly string[],
): LlamaStartFailure {
  const name = error instanceof Error ? error.constructor.name : '';
  const message = error instanceof Error ? error.message : String(error);
  if (name === 'NoBinaryFoundError') return noBinary();
  if (HEADER_NONSENSE.test(message)) {
    return { kind: 'model-damaged', path, detail: 'its header makes no sense' };
  }
  const said = [...complaints, message].join(' | ');
  const detail = shortest(complaints, message);
  if (
    name === 'InsufficientMemoryError' ||
    /alloc|out of memory|failed to create context|insufficient/iu.test(said)
  )
    return { kind: 'memory', path, detail };
  if (
    /unknown (model )?architecture|unsupported|unknown (pre-)?tokeni[sz]er|chat template|jinja|vocab/iu.test(
      said,
    )
  )
    return { kind: 'model-unsupported', path, detail };
  return { kind: 'model-damaged', path, detail };
}

/** The first complaint is the cause; what follows repeats that loading failed. */
function shortest(complaints: readonly string[], message: string): string {
  const first = complaints.find((line) => line !== '') ?? message;
  return first
    .replace(/^\w+: (error loading model: )?/u, '')
    .replace(/[.\s]+$/u, '')
    .slice(0, 300);
}

function noBinary(): LlamaStartFailure {
  const report: unknown = process.report.getReport();
  const header =
    typeof report === 'object' && report !== null && 'header' in report ? report.header : undefined;
  const glibc =
    typeof header === 'object' && header !== null && 'glibcVersionRuntime' in header
      ? String(header.glibcVersionRuntime)
      : undefined;
  const { platform, arch } = process;
  return { kind: 'no-binary', platform, arch, ...(glibc === undefined ? {} : { glibc }) };
}
