// What decoding and encoding cost, in this very process. The system's account of processor time moves in steps of
// milliseconds, so it is the clock that is read, around batches far shorter than a turn of the scheduler: the median
// batch was not interrupted, and its time on the clock is at least its processor time.

import type { Part } from '../../server/src/domain/generation/part.ts';
import type { Decoded, Protocol } from '../../server/src/protocols/protocol.ts';
import { PROTOCOLS } from '../../server/src/protocols/registry.ts';
import { agentPrompt, type Dialect } from './agent-prompt.ts';

export type CodecCost = {
  readonly promptBytes: number;
  /** From bytes to a Generation, parsing included. */
  readonly decodeUs: number;
  /** `JSON.parse` of the same bytes alone. */
  readonly parseUs: number;
  readonly encodeTextUs: number;
  readonly encodeReasoningUs: number;
  readonly encodeArgumentsUs: number;
};

/** Where text becomes bytes, as it does on its way to a socket: glued text costs nothing until then. */
const SCRATCH = Buffer.alloc(4_096);
const WARMUP_BATCHES = 100;
const BATCHES = 200;
const DECODES_PER_BATCH = 1;
const PARTS_PER_BATCH = 250;

export function codecCost(dialect: Dialect): CodecCost {
  const protocol = PROTOCOLS.find(({ name }) => name === dialect);
  if (protocol === undefined) throw new Error(`There is no protocol '${dialect}'.`);
  const bytes = Buffer.from(agentPrompt(dialect));
  const decoded = decode(protocol, bytes);
  const encode = (before: readonly Part[], part: (at: number) => Part): number =>
    perUnitUs(
      PARTS_PER_BATCH,
      () => streamOf(decoded, before),
      (encoder, at) => {
        SCRATCH.write(encoder.parts([part(at)]));
      },
    );
  return {
    promptBytes: bytes.length,
    decodeUs: perUnitUs(
      DECODES_PER_BATCH,
      () => protocol,
      (by) => decode(by, bytes),
    ),
    parseUs: perUnitUs(
      DECODES_PER_BATCH,
      () => bytes,
      (json) => void JSON.parse(json.toString('utf8')),
    ),
    encodeTextUs: encode([], (at) => ({ kind: 'text-delta', text: ` word ${at}` })),
    encodeReasoningUs: encode([], (at) => ({ kind: 'reasoning-delta', text: ` hm ${at}` })),
    encodeArgumentsUs: encode(
      [{ kind: 'tool-call-start', index: 0, callId: 'call_0', name: 'tool_0' }],
      (at) => ({ kind: 'tool-call-delta', index: 0, arguments: `"a${at}",` }),
    ),
  };
}

function decode(protocol: Protocol, bytes: Buffer): Decoded {
  const decoded = protocol.decode(JSON.parse(bytes.toString('utf8')), {});
  if (!decoded.ok) throw new Error(`refused: ${JSON.stringify(decoded.error)}`);
  return decoded.value;
}

function streamOf(decoded: Decoded, before: readonly Part[]) {
  const encoder = decoded.encoder({
    requestId: 'req_00000000000000000000000000000000',
    model: 'bench-model',
    createdAtSeconds: 1_700_000_000,
    delivery: 'stream',
  });
  encoder.parts(before);
  return encoder;
}

/** The median, over batches, of the microseconds per unit. */
function perUnitUs<S>(
  units: number,
  setUp: () => S,
  unit: (subject: S, at: number) => void,
): number {
  const batch = (): number => {
    const subject = setUp();
    const startMs = performance.now();
    for (let at = 0; at < units; at += 1) unit(subject, at);
    return ((performance.now() - startMs) * 1000) / units;
  };
  for (let at = 0; at < WARMUP_BATCHES; at += 1) batch();
  const costs = Array.from({ length: BATCHES }, batch).toSorted((a, b) => a - b);
  return costs[Math.floor(costs.length / 2)] ?? Number.NaN;
}
