// The part of the composition root that knows which protocols there are to have a policy for unknown fields.

import type { Config } from './config.ts';
import type { Gateway } from './gateway/gateway.ts';
import { err, ok, type Result } from './lib/result.ts';
import { PROTOCOLS } from './protocols/registry.ts';

/** The policy of each protocol that is served. */
export function unknownFieldsOf({
  unknownFields: wanted,
}: Config): Result<Gateway['unknownFields'], string> {
  const names = PROTOCOLS.map(({ name }) => name);
  const strange = [...wanted.keys()].find((name) => name !== '*' && !names.includes(name));
  if (strange !== undefined) {
    const known = names.join(', ');
    return err(`TURNPIKE_UNKNOWN_FIELDS names '${strange}', which is none of ${known}.`);
  }
  const policyOf = (name: string) => wanted.get(name) ?? wanted.get('*') ?? 'warn';
  return ok(new Map(names.map((name) => [name, policyOf(name)])));
}
