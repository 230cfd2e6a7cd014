// Which protocol's shapes a request gets at an address that is no protocol's own: unknown addresses, the model list.

import type { IncomingHttpHeaders } from 'node:http';
import type { Protocol } from '../protocols/protocol.ts';

export type Protocols = readonly [Protocol, ...Protocol[]];

export function dialectOf(
  protocols: Protocols,
  request: { readonly url?: string | undefined; readonly headers: IncomingHttpHeaders },
): Protocol {
  const path = pathOf(request.url);
  return protocols.find(({ speaks }) => speaks?.(path, request.headers) === true) ?? protocols[0];
}

export function pathOf(url = ''): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
