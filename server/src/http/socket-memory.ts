// What a connection remembers of its own answers: those that are stored nowhere, so that a client can go on from them
// all the same. It stands in front of the server's memory and ends with the connection. Bounded for each connection and
// for all of them together; the oldest is forgotten first.

import type { Refusal } from '../domain/refusal.ts';
import type { Owner, StoredAnswer } from '../domain/stored/answer.ts';
import type { Earlier, Recollection } from '../domain/stored/recollection.ts';
import type { Memory, Place } from '../gateway/memory.ts';
import { jsonText } from '../lib/json-slices.ts';
import { parseOwnJson } from '../lib/json-text.ts';
import { ok, type Result } from '../lib/result.ts';
import {
  WEBSOCKET_MEMORY_BYTES_MAX,
  WEBSOCKET_RESPONSES_MAX,
  WEBSOCKETS_MEMORY_BYTES_MAX,
} from '../limits.ts';
import type { Keeping } from '../protocols/protocol.ts';

/** What all connections remember. */
export type SocketMemoryBudget = { bytes: number };

type Remembered = {
  /** This answer's own input and output. */
  readonly items: readonly unknown[];
  /** What it goes on from, where the connection remembers that as well; kept alive by it. */
  readonly before?: Remembered;
  /** What it goes on from, where that is stored. */
  readonly storedBefore?: string;
  /** Of all that is needed to go on from it. */
  readonly bytes: number;
};

export class SocketMemory implements Memory, Disposable {
  readonly #server: Memory;
  readonly #budget: SocketMemoryBudget;
  readonly #remembered = new Map<string, Remembered>();
  #bytes = 0;

  constructor(server: Memory, budget: SocketMemoryBudget) {
    this.#server = server;
    this.#budget = budget;
  }

  placeOf(owner: Owner, keeping: Keeping): Result<Place, Refusal> {
    const place = this.#server.placeOf(owner, keeping);
    return place.ok && place.value === 'nowhere' ? ok('remembered') : place;
  }

  async recall(owner: Owner, wanted: Recollection): Promise<Result<Earlier, Refusal>> {
    const { previousId, ...rest } = wanted;
    const last = previousId === undefined ? undefined : this.#remembered.get(previousId);
    if (last === undefined) return await this.#server.recall(owner, wanted);
    const { items, storedBefore } = conversationOf(last);
    const asked = storedBefore === undefined ? rest : { ...rest, previousId: storedBefore };
    const found = await this.#server.recall(owner, asked);
    if (!found.ok) return found;
    return ok({ named: found.value.named, items: [...found.value.items, ...items] });
  }

  async keep(owner: Owner, answer: StoredAnswer, place: Place): Promise<boolean> {
    if (place !== 'remembered')
      return await this.#server.keep(owner, await this.#whole(answer), place);
    const { previousId, input, output } = answer;
    const before = previousId === undefined ? undefined : this.#remembered.get(previousId);
    const bytes = (before?.bytes ?? 0) + input.length + output.length;
    const items = [...(await itemsIn(input)), ...(await itemsIn(output))];
    if (!this.#makeRoom(bytes)) return false;
    this.#remembered.set(answer.id, {
      items,
      ...(before !== undefined && { before }),
      ...(before === undefined && previousId !== undefined && { storedBefore: previousId }),
      bytes,
    });
    this.#count(bytes);
    return true;
  }

  /** What is stored must not lean on what ends with the connection: then that is stored with it. */
  async #whole(answer: StoredAnswer): Promise<StoredAnswer> {
    const { previousId, ...rest } = answer;
    const before = previousId === undefined ? undefined : this.#remembered.get(previousId);
    if (before === undefined) return answer;
    const { items, storedBefore } = conversationOf(before);
    return {
      ...rest,
      input: await jsonText([...items, ...(await itemsIn(answer.input))]),
      ...(storedBefore !== undefined && { previousId: storedBefore }),
    };
  }

  #makeRoom(bytes: number): boolean {
    if (bytes > WEBSOCKET_MEMORY_BYTES_MAX) return false;
    for (const oldest of this.#remembered.keys()) {
      const fits =
        this.#remembered.size < WEBSOCKET_RESPONSES_MAX &&
        this.#bytes + bytes <= WEBSOCKET_MEMORY_BYTES_MAX;
      if (fits) break;
      this.forget(oldest);
    }
    return this.#budget.bytes + bytes <= WEBSOCKETS_MEMORY_BYTES_MAX;
  }

  forget(id: string): void {
    const one = this.#remembered.get(id);
    if (one === undefined) return;
    this.#remembered.delete(id);
    this.#count(-one.bytes);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }

  [Symbol.dispose](): void {
    for (const id of this.#remembered.keys()) this.forget(id);
  }
}

type Whole = { readonly items: readonly unknown[]; readonly storedBefore?: string };

function conversationOf(last: Remembered): Whole {
  const turns = [last];
  let first = last;
  for (; first.before !== undefined; first = first.before) turns.unshift(first.before);
  const { storedBefore } = first;
  const items = turns.flatMap((turn) => turn.items);
  return storedBefore === undefined ? { items } : { items, storedBefore };
}

/** Made by a protocol: a JSON list. */
async function itemsIn(json: string): Promise<readonly unknown[]> {
  const parsed: unknown = await parseOwnJson(json);
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [];
  return items;
}
