// A typed client of the management API, derived from the route table. It knows no sockets: whoever uses it
// (browser, command line) brings the function that sends.

import { errorEnvelope } from './errors.ts';
import {
  pathOf,
  pathParameters,
  routes,
  type Route,
  type RouteInput,
  type RouteName,
  type RouteOutput,
} from './routes.ts';

export type WireRequest = {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
};

export type WireReply =
  | { readonly kind: 'reply'; readonly status: number; readonly text: string }
  /** `detail` says why, for people. */
  | { readonly kind: 'unreachable'; readonly detail: string };

export type Send = (request: WireRequest) => Promise<WireReply>;

export type Refused = {
  readonly kind: 'refused';
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly field?: string;
};

export type Called<T> =
  | { readonly kind: 'done'; readonly value: T }
  | Refused
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** It answered, but not as this version of the API does. */
  | { readonly kind: 'not-understood'; readonly status: number };

export type ManagementClient = {
  call<N extends RouteName>(name: N, input: RouteInput<N>): Promise<Called<RouteOutput<N>>>;
};

export function managementClient(send: Send): ManagementClient {
  return {
    async call<N extends RouteName>(name: N, input: RouteInput<N>) {
      const reply = await send(wireRequest(routes[name], input));
      if (reply.kind === 'unreachable') return reply;
      return readReply<N>(name, reply.status, parseJson(reply.text));
    },
  };
}

function wireRequest(route: Route, input: { readonly [name: string]: unknown }): WireRequest {
  const inPath = new Set(pathParameters(route));
  const rest = Object.entries(input).filter(
    ([name, value]) => !inPath.has(name) && value !== undefined,
  );
  const path = pathOf(route, input);
  if (route.method === 'POST') {
    return { method: 'POST', path, body: JSON.stringify(Object.fromEntries(rest)) };
  }
  const query = rest
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
  return { method: 'GET', path: query === '' ? path : `${path}?${query}` };
}

function readReply<N extends RouteName>(
  name: N,
  status: number,
  body: unknown,
): Called<RouteOutput<N>> {
  if (status >= 200 && status < 300) {
    const parsed = routes[name].output.safeParse(body);
    if (!parsed.success) return { kind: 'not-understood', status };
    // The table's own schema has just checked it; the compiler can't follow a generic index into a union.
    return { kind: 'done', value: parsed.data as RouteOutput<N> };
  }
  const refusal = errorEnvelope.safeParse(body);
  if (!refusal.success) return { kind: 'not-understood', status };
  const { code, message, field } = refusal.data.error;
  return { kind: 'refused', status, code, message, ...(field === undefined ? {} : { field }) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
