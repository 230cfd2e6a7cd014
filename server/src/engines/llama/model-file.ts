// A first look at a model file, so that the plain mistakes are named before a process is started for them.

import { open } from 'node:fs/promises';

import { err, ok } from '../../lib/result.ts';
import type { Result } from '../../lib/result.ts';
import type { LlamaStartFailure } from './start-failure.ts';

const MAGIC = 'GGUF';
/** Magic, version, tensor count and metadata count. */
const HEADER_BYTES = 24;

export async function checkModelFile(path: string): Promise<Result<undefined, LlamaStartFailure>> {
  try {
    await using file = await open(path, 'r');
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0);
    if (header.toString('latin1', 0, 4) !== MAGIC) return err({ kind: 'not-gguf', path });
    if (bytesRead < HEADER_BYTES)
      return err({ kind: 'model-damaged', path, detail: `it ends after ${bytesRead} bytes` });
    return ok(undefined);
  } catch (error) {
    return err(openFailure(path, error));
  }
}

function openFailure(path: string, error: unknown): LlamaStartFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'model-missing', path };
  const detail = code === 'EISDIR' ? 'it is a folder' : code;
  return { kind: 'model-unreadable', path, detail };
}
