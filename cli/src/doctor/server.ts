// The server: whether the port is free for one, and how the one that answers is.

import { once } from 'node:events';
import { createServer } from 'node:net';

import { errorEnvelope } from '@turnpike/contract/errors.ts';
import type { ServerStatus } from '@turnpike/contract/status.ts';

import { duration } from '../amounts.ts';
import { adminToken, connect, send } from '../management.ts';
import type { Surroundings } from '../surroundings.ts';
import { ill, well, type Check } from './check.ts';

export async function checkServer(surroundings: Surroundings): Promise<readonly Check[]> {
  if (!(await isTurnpike(surroundings.url))) return [await checkPort(surroundings)];
  const found = well('server', `a Turnpike answers at ${surroundings.url}`);
  if ((await adminToken(surroundings)) === undefined) return [found];
  const management = await connect(surroundings);
  const status = management.ok ? await management.value.ask('getStatus', {}) : management;
  if (!status.ok) {
    const remedy = 'set TURNPIKE_ADMIN_TOKEN or TURNPIKE_DATA to those of this server';
    return [found, ill('status', status.failure.message, remedy)];
  }
  return [found, ...checksOf(status.value)];
}

/** Nobody else's server asks for the admin token in our words. */
async function isTurnpike(url: string): Promise<boolean> {
  const reply = await send(url, '', { method: 'GET', path: '/manage/v1/status' });
  if (reply.kind !== 'reply') return false;
  try {
    const envelope = errorEnvelope.safeParse(JSON.parse(reply.text));
    return envelope.success && envelope.data.error.code === 'unauthenticated';
  } catch {
    return false;
  }
}

async function checkPort({ host, port, wrongPort }: Surroundings): Promise<Check> {
  if (wrongPort !== undefined)
    return ill('port', `PORT is ${wrongPort}`, 'set it to 0 to 65535, or unset it');
  const where = `${host}:${port}`;
  const listener = createServer();
  try {
    listener.listen({ host, port });
    await once(listener, 'listening');
    return well('port', `${where} is free; no server runs there yet`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'EADDRINUSE') {
      return ill('port', `${where} is taken by another program`, 'stop it, or choose another PORT');
    }
    return ill('port', `can't listen on ${where} (${code})`, 'choose another PORT or HOST');
  } finally {
    listener.close();
  }
}

function checksOf(status: ServerStatus): readonly Check[] {
  const { version, uptimeMs, generationsRunning, store, priceVersion, engines } = status;
  return [
    well(
      'status',
      `version ${version}, up ${duration(uptimeMs)}, ${generationsRunning} answers running`,
    ),
    store.reachable
      ? well('store', `${store.kind} ${store.version ?? ''}`.trim())
      : ill('store', `${store.kind} does not answer`, "look into the server's log"),
    priceVersion === undefined
      ? ill(
          'prices',
          'none are published, so every request is refused',
          'configure prices and restart',
        )
      : well('prices', `version ${priceVersion}`),
    ...engines.map(({ name, kind, state, reason }) =>
      state === 'down'
        ? ill(`engine ${name}`, `${kind}: ${reason ?? 'down'}`, "look into the server's log")
        : well(`engine ${name}`, `${kind}, ${state}`),
    ),
  ];
}
