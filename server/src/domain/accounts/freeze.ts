// A freeze: an organisation, a project or a key is stopped by whoever runs this server, until it is thawed. No money moves.
// (What an organisation owes stops its keys too: that is the ledger's, and ends with a payment.)

export const FREEZE_SCOPES = ['organisation', 'project', 'key'] as const;
export type FreezeScope = (typeof FREEZE_SCOPES)[number];

export type Freeze = {
  readonly id: string;
  readonly organisationId: string;
  readonly scope: FreezeScope;
  /** The id of the organisation, the project or the key. */
  readonly subject: string;
  /** For the record; no client reads it. */
  readonly reason: string;
  readonly by: string;
  /** Running answers end with their next token, and cost nothing; else they may finish. */
  readonly endsRunning: boolean;
  readonly frozenAtMs: number;
  readonly thawed?: { readonly atMs: number; readonly by: string; readonly reason: string };
};

/** What stops an organisation's keys by itself, when a payment is taken back. */
export const FREEZE_POLICIES = ['never', 'debt', 'chargeback'] as const;
/** `debt`: credit that was spent and is taken back, beyond its limit. `chargeback`: every one, whatever it leaves. */
export type FreezePolicy = (typeof FREEZE_POLICIES)[number];

/** One that nobody made: an organisation's policy did. */
export function chargebackFreeze(
  organisationId: string,
  { id, blockId }: { readonly id: string; readonly blockId: string },
): Omit<Freeze, 'frozenAtMs' | 'thawed'> {
  const reason = `The payment of ${blockId} was charged back (${id}).`;
  const whose = { organisationId, scope: 'organisation', subject: organisationId } as const;
  return { id: `chargeback/${id}`, ...whose, reason, by: 'policy', endsRunning: false };
}

type Frozen = Pick<Freeze, 'scope' | 'subject' | 'endsRunning'>;

/** Those in force, as the request path looks for them. */
export class FreezeList {
  readonly #byScope: { readonly [scope in FreezeScope]: ReadonlyMap<string, Frozen> };

  constructor(inForce: readonly Frozen[]) {
    const of = (scope: FreezeScope) =>
      new Map(inForce.filter((one) => one.scope === scope).map((one) => [one.subject, one]));
    this.#byScope = { organisation: of('organisation'), project: of('project'), key: of('key') };
  }

  /** The widest one; undefined where nothing is frozen. */
  of(caller: {
    readonly organisationId: string;
    readonly projectId: string;
    readonly keyId: string;
  }): Frozen | undefined {
    const { organisation, project, key } = this.#byScope;
    return (
      organisation.get(caller.organisationId) ??
      project.get(caller.projectId) ??
      key.get(caller.keyId)
    );
  }

  /** The scope of one that ends what runs; undefined where it may finish. */
  ending(caller: Parameters<FreezeList['of']>[0]): FreezeScope | undefined {
    const { organisation, project, key } = this.#byScope;
    if (organisation.get(caller.organisationId)?.endsRunning === true) return 'organisation';
    if (project.get(caller.projectId)?.endsRunning === true) return 'project';
    return key.get(caller.keyId)?.endsRunning === true ? 'key' : undefined;
  }
}
