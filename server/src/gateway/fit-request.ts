// Between protocol and engine: tools and schemas as engines take them, and the client's own names for whatever the hub
// and the engines name.

import { fitTools, type Fitted } from '../domain/tools/fit-tools.ts';
import type { Refusal } from '../domain/refusal.ts';
import { err, ok, type Result } from '../lib/result.ts';
import type { Decoded, Protocol } from '../protocols/protocol.ts';
import { wireField } from '../protocols/wire-fields.ts';
import type { Gateway } from './gateway.ts';

export type FittedRequest = Fitted & {
  /** The client's name of a field of the hub: `tools[0].parameters` → `tools[0].function.parameters`. */
  readonly wire: (field: string) => string;
  /** Fields that nobody knows and the client is told of. */
  readonly unknown: readonly string[];
};

type Asked = Pick<Decoded, 'generation' | 'toolPlaces' | 'renamed' | 'unknown'>;

export function fitRequest(
  gateway: Gateway,
  protocol: Protocol,
  { generation, toolPlaces, renamed = {}, unknown = [] }: Asked,
): Result<FittedRequest, Refusal> {
  const told = toldOfUnknown(gateway, protocol, unknown);
  if (!told.ok) return told;
  const wire = (field: string): string =>
    renamed[field] ?? wireField(field, protocol.fields, generation, toolPlaces);
  const fitted = fitTools(generation);
  if (fitted.ok) {
    return ok({ ...fitted.value, wire, unknown: told.value });
  }
  const { whose, detail } = fitted.error;
  const field = wire(fitted.error.field);
  const message = `Invalid '${field}' of ${whose}: ${detail}.`;
  return err({ kind: 'invalid-request', field, message });
}

/** The unknown fields that the answer names, or the refusal that the operator's policy wants for them. */
export function toldOfUnknown(
  gateway: Gateway,
  protocol: { readonly name: string },
  unknown: readonly string[],
): Result<readonly string[], Refusal> {
  const policy = gateway.unknownFields.get(protocol.name) ?? 'warn';
  const [unwelcome] = unknown;
  if (policy === 'refuse' && unwelcome !== undefined) return err(unrecognised(unwelcome));
  return ok(policy === 'warn' ? unknown : []);
}

function unrecognised(field: string): Refusal {
  const message = `Unrecognized request argument: '${field}'.`;
  return { kind: 'invalid-request', field, message };
}
