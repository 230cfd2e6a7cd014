// Admin keys in memory, for tests.

import type { AdminKeyRecord, AdminKeys, NewAdminKey } from '../../ports/admin-keys.ts';

export class MemoryAdminKeys implements AdminKeys {
  readonly #nowMs: () => number;
  readonly #byHash = new Map<string, AdminKeyRecord>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  async list(organisationId: string): Promise<readonly AdminKeyRecord[]> {
    return [...this.#byHash.values()].filter((key) => key.organisationId === organisationId);
  }

  async create({ hash, ...key }: NewAdminKey): Promise<AdminKeyRecord> {
    const record = { ...key, createdAtMs: this.#nowMs() };
    this.#byHash.set(hash, record);
    return record;
  }

  async revoke(id: string): Promise<boolean> {
    const found = [...this.#byHash].find(([, key]) => key.id === id);
    if (found === undefined) return false;
    const [hash, key] = found;
    this.#byHash.set(hash, { ...key, revokedAtMs: key.revokedAtMs ?? this.#nowMs() });
    return true;
  }

  async find(hash: string): Promise<AdminKeyRecord | undefined> {
    return this.#byHash.get(hash);
  }
}
