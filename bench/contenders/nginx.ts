// nginx as a plain reverse proxy: what the copying of bytes alone costs. One worker, no buffering, no log.

import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BENCH_MODEL } from '../wire/token-frame.ts';
import {
  CHAT_PATH,
  GATEWAY_PART,
  type Contender,
  type Running,
  type Site,
  type Unavailable,
} from './contender.ts';
import { ServerProcess } from './server-process.ts';

const run = promisify(execFile);
const INSTALL_MS_MAX = 120_000;

export const nginx: Contender = { name: 'nginx', start };

async function start(site: Site): Promise<Running | Unavailable> {
  const version = (await nginxVersion()) ?? (await install());
  if (typeof version !== 'string') return version;
  const file = join(site.directory, 'nginx.conf');
  await mkdir(join(site.directory, 'tmp'));
  await writeFile(file, configuration(site));
  const server = await ServerProcess.start({
    command: 'nginx',
    args: ['-c', file, '-p', site.directory, '-e', join(site.directory, 'error.log')],
    readyUrl: `http://127.0.0.1:${site.port}/v1/models`,
    readyWithinMs: 5000,
    stopWithinMs: 3000,
  });
  return {
    kind: 'running',
    version,
    target: { port: site.port, path: CHAT_PATH, headers: {}, model: BENCH_MODEL },
    pid: server.pid,
    partOf: () => GATEWAY_PART,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function configuration(site: Site): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path tmp/${name};`,
  );
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}worker_processes 1;
daemon off;
pid nginx.pid;
events { worker_connections 4096; }
http {
${temporary.join('\n')}
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_max_body_size 32m;
  client_body_buffer_size 64k;
  upstream model {
    server 127.0.0.1:${site.upstreamPort};
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }
  server {
    listen 127.0.0.1:${site.port} backlog=4096;
    location / {
      proxy_pass http://model;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 600s;
    }
  }
}
`;
}

/** Such as `nginx/1.22.1`, or undefined where there is no nginx. */
async function nginxVersion(): Promise<string | undefined> {
  try {
    const { stderr } = await run('nginx', ['-v']);
    return /nginx\/[\d.]+/.exec(stderr)?.[0] ?? 'nginx';
  } catch {
    return undefined;
  }
}

/** Debian's package, where this user may install it. */
async function install(): Promise<string | Unavailable> {
  const advice = 'install it with `apt-get install -y nginx` to measure it';
  if (process.getuid?.() !== 0)
    return { kind: 'unavailable', reason: `nginx is not installed; ${advice}` };
  try {
    const options = {
      timeout: INSTALL_MS_MAX,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    await run('apt-get', ['update', '-qq'], options);
    // A policy file would be needed to stop the package from starting its own server; stop it by its own means instead.
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'nginx'], options);
  } catch {
    return {
      kind: 'unavailable',
      reason: `nginx is not installed and apt-get could not install it; ${advice}`,
    };
  }
  return (
    (await nginxVersion()) ?? {
      kind: 'unavailable',
      reason: `nginx does not run after its installation; ${advice}`,
    }
  );
}
