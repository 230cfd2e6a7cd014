// Keys that read an organisation's usage and costs, and can do nothing else. They are looked up when they are used: what is
// revoked is out at once, and while the store is away they open nothing.

export type AdminKeyRecord = {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  /** What may be shown of the key. */
  readonly redacted: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
};

export type NewAdminKey = Pick<AdminKeyRecord, 'id' | 'organisationId' | 'name' | 'redacted'> & {
  readonly hash: string;
};

export interface AdminKeys {
  list(organisationId: string): Promise<readonly AdminKeyRecord[]>;
  create(key: NewAdminKey): Promise<AdminKeyRecord>;
  /** False when there is no such key. Revoking twice is the same as once. */
  revoke(id: string): Promise<boolean>;
  /** By the base64url SHA-256 of the key. */
  find(hash: string): Promise<AdminKeyRecord | undefined>;
}
