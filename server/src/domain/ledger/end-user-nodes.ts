// End users that have a window of their own in a budget that is every end user's. Nobody lists them: the first request
// names them. Only so many are told apart, because clients choose the names; those beyond it share one window.

import { createHash } from 'node:crypto';
import { END_USER_NODES_MAX } from '../../limits.ts';

/** Longer names are kept as their hash. */
const NAME_BYTES_MAX = 48;
/** What no name and no hash is. */
const REST = '~';

export class EndUserNodes {
  readonly #nodesMax: number;
  /** By budget: the window that is open, and whom it has met. */
  readonly #open = new Map<string, { readonly windowId: string; readonly names: Set<string> }>();
  #count = 0;

  constructor(nodesMax = END_USER_NODES_MAX) {
    this.#nodesMax = nodesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** The id of this end user's window; after the window of the budget has ended, those of before are forgotten. */
  nodeOf(windowId: string, endUser: string): string {
    const name = nodeName(endUser);
    const names = this.#namesIn(windowId);
    if (!names.has(name)) {
      if (this.#count >= this.#nodesMax) return `${windowId}:${REST}`;
      names.add(name);
      this.#count += 1;
    }
    return `${windowId}:${name}`;
  }

  #namesIn(windowId: string): Set<string> {
    const budgetId = windowId.split(':')[1] ?? '';
    const known = this.#open.get(budgetId);
    if (known?.windowId === windowId) return known.names;
    this.#count -= known?.names.size ?? 0;
    const names = new Set<string>();
    this.#open.set(budgetId, { windowId, names });
    return names;
  }
}

function nodeName(endUser: string): string {
  const bytes = Buffer.from(endUser, 'utf8');
  if (bytes.length <= NAME_BYTES_MAX) return bytes.toString('base64url');
  return REST + createHash('sha256').update(bytes).digest('base64url');
}

/** Whose window it is, for people; undefined for one that is no end user's. */
export function endUserOfNode(windowId: string): string | undefined {
  const name = windowId.split(':')[3];
  if (name === undefined || name === REST) return name === undefined ? undefined : 'all others';
  if (name.startsWith(REST)) return `sha256 ${name.slice(REST.length)}`;
  return Buffer.from(name, 'base64url').toString('utf8');
}
