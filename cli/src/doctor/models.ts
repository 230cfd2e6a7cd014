// The model files that the server would load: by its configuration file, else the one it is pointed to.

import { open, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import * as z from 'zod';

import { bytes } from '../amounts.ts';
import type { Surroundings } from '../surroundings.ts';
import { ill, well, type Check } from './check.ts';

const GGUF_HEADER_BYTES = 24;
const GGUF_VERSIONS = [2, 3];
const REMEDY = 'point TURNPIKE_MODEL to a GGUF file, or unset it to use the model that ships';

/** Only what is needed to find the files; the server checks the rest. */
const configured = z.object({
  engines: z.array(z.looseObject({ kind: z.string(), model: z.string().optional() })),
});

export async function checkModels({
  configFile,
  modelFile,
}: Surroundings): Promise<readonly Check[]> {
  const text = await readFile(configFile, 'utf8').catch(() => undefined);
  if (text === undefined) return [await checkGguf(modelFile, REMEDY)];
  const files = modelsIn(text, configFile);
  if (files === undefined) {
    return [
      ill(
        'config',
        `${configFile} is not a configuration`,
        'correct it: the server says what is wrong',
      ),
    ];
  }
  const remedy = `correct the engine's "model" in ${configFile}`;
  return [
    well('config', configFile),
    ...(await Promise.all(files.map((file) => checkGguf(file, remedy)))),
  ];
}

/** The files' sizes together; what can't be read is another check's finding. */
export async function modelBytes({ configFile, modelFile }: Surroundings): Promise<number> {
  const text = await readFile(configFile, 'utf8').catch(() => undefined);
  const files = text === undefined ? [modelFile] : (modelsIn(text, configFile) ?? []);
  const sizes = files.map((file) =>
    stat(file)
      .then(({ size }) => size)
      .catch(() => 0),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

function modelsIn(text: string, configFile: string): readonly string[] | undefined {
  try {
    return configured
      .parse(JSON.parse(text))
      .engines.filter(({ kind }) => kind === 'llama')
      .map(({ model = '' }) => resolve(dirname(configFile), model));
  } catch {
    return undefined;
  }
}

/** By the header alone (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). */
async function checkGguf(path: string, remedy: string): Promise<Check> {
  const header = await readStart(path, GGUF_HEADER_BYTES);
  if (header === undefined) return ill('model', `${path} can't be read`, remedy);
  if (header.length < GGUF_HEADER_BYTES || header.toString('latin1', 0, 4) !== 'GGUF') {
    return ill('model', `${path} is not a GGUF file`, remedy);
  }
  const version = header.readUInt32LE(4);
  const tensors = header.readBigUInt64LE(8);
  if (!GGUF_VERSIONS.includes(version) || tensors === 0n) {
    return ill('model', `${path} is GGUF version ${version} with ${tensors} tensors`, remedy);
  }
  const { size } = await stat(path);
  return well('model', `${path} (${bytes(size)}, ${tensors} tensors)`);
}

async function readStart(path: string, count: number): Promise<Buffer | undefined> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } catch {
    return undefined;
  }
}
