// The command line as its users meet it: a real process against a real server with a scripted engine.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  MAIN,
  ADMIN_TOKEN,
  SCRIPTED_CONFIG,
  start,
  run,
  runJson,
  collect,
  until,
  startServer,
  statusWith,
} from './cli.fixture.ts';

suite('turnpike', { concurrency: 3, timeout: 120_000 }, () => {
  test('keys: made, used, listed, revoked; the admin token may lie in the data directory', async () => {
    await using server = await startServer();
    await writeFile(join(server.data, 'admin-token'), `${ADMIN_TOKEN}\n`);
    const env = { TURNPIKE_URL: server.url, TURNPIKE_DATA: server.data };
    const made = await runJson(env, ['keys', 'create', '--name', 'laptop']);
    assert.equal(await statusWith(server.url, made.key), 200);
    const listed = await run(env, ['keys', 'list']);
    assert.match(listed.out, /laptop.*active/);
    assert.ok(!listed.out.includes(made.key));
    assert.ok(!listed.out.includes('\u001b'), 'no colours in a pipe');
    const revoked = await run(env, ['keys', 'revoke', made.id]);
    assert.deepEqual([revoked.code, revoked.out], [0, `✓ ${made.id} is revoked.\n`]);
    assert.equal(await statusWith(server.url, made.key), 401);
    const unknown = await run(env, ['keys', 'revoke', 'key_nope', '--json']);
    assert.equal(unknown.code, 1);
    assert.equal(JSON.parse(unknown.err).error.code, 'not-found');
  });

  test('a key and a project may be held to some models', async () => {
    await using server = await startServer();
    const { env, url } = server;
    const modelsOf = async (key: string): Promise<number> => {
      const reply = await fetch(`${url}/v1/models`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return Object(await reply.json()).data.length;
    };
    const made = await runJson(env, ['keys', 'create', '--models', 'small']);
    assert.deepEqual(made.models, ['small']);
    assert.equal(await modelsOf(made.key), 1);
    const other = await run(env, ['keys', 'models', made.id, '--models', 'unpriced']);
    assert.equal(other.out, `✓ ${made.id} may call unpriced.\n`);
    assert.equal(await modelsOf(made.key), 0);
    const all = await run(env, ['keys', 'models', made.id, '--all']);
    assert.match(all.out, /may call all/);
    const [project] = (await runJson(env, ['projects', 'list'])).data;
    const narrowed = await run(env, ['projects', 'models', project.id, '--models', 'unpriced']);
    assert.match(narrowed.out, /may call unpriced/);
    assert.equal(await modelsOf(made.key), 0);
    assert.match((await run(env, ['projects', 'list'])).out, /Default +unpriced/);
    assert.match((await run(env, ['keys', 'list'])).out, /all +active/);
    const typo = await run(env, ['keys', 'create', '--models', 'smal']);
    assert.equal(typo.code, 1);
    assert.match(typo.err, /no model "smal"/);
    assert.equal((await run(env, ['keys', 'models', made.id])).code, 2);
  });

  test('credits, a chat that keeps the conversation, and usage agree to the nano-dollar', async () => {
    await using server = await startServer();
    const topUp = ['credits', 'add', '1.000000001', '--id', 'invoice-1'];
    assert.equal((await runJson(server.env, topUp)).status, 'added');
    assert.equal((await runJson(server.env, topUp)).status, 'already-added');
    const lines = 'Hello\n\nand again [[tokens=3]]\n';
    const chat = await run(server.env, ['chat', '--system', 'Be brief.', '--json'], lines);
    assert.equal(chat.code, 0, chat.err);
    const turns = chat.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(turns.length, 2);
    assert.equal(turns[1].content, 'The toll is ');
    assert.ok(turns[1].tokens.input > turns[0].tokens.input, 'the first turn is sent again');
    const paid = turns.reduce((sum, turn) => sum + BigInt(turn.price.nano), 0n);
    assert.ok(paid > 0n);
    const balance = await runJson(server.env, ['credits', 'balance']);
    assert.equal(BigInt(balance.available.nano), 1_000_000_001n - paid);
    assert.deepEqual(turns[1].creditLeft, balance.available);
    const usage = await runJson(server.env, ['usage', '--by', 'model,key']);
    assert.equal(usage.total.cost.nano, String(paid));
    assert.equal(usage.rows[0].key.name, 'turnpike chat');
    const { differences, totals } = await runJson(server.env, ['reconcile']);
    assert.deepEqual(differences, []);
    assert.equal(totals.credits.nano, balance.balance.nano);
    assert.equal(totals.revenue.nano, String(paid));
  });

  test("a chat keeps its own key, for this user alone, and replaces it when it doesn't work any more", async () => {
    await using server = await startServer();
    await run(server.env, ['credits', 'add', '1']);
    const file = join(server.data, 'chat-key.json');
    for (let times = 0; times < 2; times++) await run(server.env, ['chat'], 'Hello\n');
    const { data: keys } = await runJson(server.env, ['keys', 'list']);
    assert.equal(keys.length, 1, 'the second chat uses the key of the first');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const before = await readFile(file, 'utf8');
    await run(server.env, ['keys', 'revoke', keys[0].id]);
    const { code, out } = await run(server.env, ['chat'], 'Hello\n');
    assert.equal(code, 0);
    assert.match(
      out,
      /^The toll is paid.*\n\d+ tokens in · 8 out · \$0\.0000\d+ · \$0\.9999\d+ left\n/,
    );
    assert.notEqual(await readFile(file, 'utf8'), before);
    const given = await run(
      { ...server.env, TURNPIKE_API_KEY: 'sk-tp-wrong' },
      ['chat'],
      'Hello\n',
    );
    assert.equal(given.code, 1, 'a key that is given is never replaced');
  });

  test('Ctrl-C ends a running answer, which is paid as far as it came, and then the chat', async () => {
    await using server = await startServer();
    await run(server.env, ['credits', 'add', '1']);
    const child = start(['chat'], server.env);
    const out = collect(child.stdout);
    child.stdin?.write('[[tokens=4000 rate=50]]\n');
    await until('the answer to begin', () => out.text.includes('toll'));
    child.kill('SIGINT');
    await until('it to stop', () => /stopped.*left\n/.test(out.text));
    child.stdin?.write('[[tokens=2]]\n');
    await until('the next answer', () => /tokens in · 2 out/.test(out.text));
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    const { total } = await runJson(server.env, ['usage']);
    assert.ok(
      total.tokens.output > 2 && total.tokens.output < 2000,
      `${total.tokens.output} tokens`,
    );
    const { held } = await runJson(server.env, ['credits', 'balance']);
    assert.equal(held.nano, '0');
  });

  test('serve becomes the server, on a real database, and the other commands find it', async () => {
    const data = await mkdtemp(join(tmpdir(), 'turnpike-serve-'));
    await writeFile(join(data, 'config.json'), JSON.stringify(SCRIPTED_CONFIG));
    const settings = { TURNPIKE_CONFIG: join(data, 'config.json') };
    const server = start(['serve', '--port', '0', '--data', join(data, 'kept')], settings);
    const screen = collect(server.stdout);
    try {
      await until('the server', () => screen.text.includes('Stop with Ctrl-C'));
      const [, url = ''] = /Base URL +(http:\S+)\/v1/.exec(screen.text) ?? [];
      const env = { ...settings, TURNPIKE_URL: url, TURNPIKE_DATA: join(data, 'kept') };
      const before = await runJson(env, ['credits', 'balance']);
      const turn = await runJson(env, ['chat'], 'Hello\n');
      const paid = BigInt(before.available.nano) - BigInt(turn.creditLeft.nano);
      assert.equal(turn.price.nano, String(paid));
      const { rows } = await runJson(env, ['usage', '--by', 'day,model,key']);
      const row = rows.find(({ key }: { key: { name: string } }) => key.name === 'turnpike chat');
      assert.equal(row.cost.nano, String(paid));
      const doctor = await run(env, ['doctor']);
      assert.equal(doctor.code, 0, doctor.out);
      server.kill('SIGTERM');
      const [code] = await once(server, 'close');
      assert.equal(code, 0);
    } finally {
      server.kill('SIGKILL');
      await rm(data, { recursive: true, force: true });
    }
  });

  test('a refusal exits 1 with the sentence of the server', async () => {
    await using server = await startServer();
    const poor = await run(server.env, ['chat'], 'Hello\nnever said\n');
    assert.equal(poor.code, 1);
    assert.equal(poor.out, '');
    assert.match(poor.err, /^✗ .*credit.*\.\n$/i);
    const stranger = await run({ ...server.env, TURNPIKE_ADMIN_TOKEN: 'wrong' }, [
      'models',
      'list',
    ]);
    assert.equal(stranger.code, 1);
    assert.match(stranger.err, /admin-token/);
    const { TURNPIKE_ADMIN_TOKEN: _, ...without } = server.env;
    const tokenless = await run(without, ['keys', 'list']);
    assert.equal(tokenless.code, 1);
    assert.match(tokenless.err, /TURNPIKE_ADMIN_TOKEN/);
    const keyless = await run(
      { ...without, TURNPIKE_DATA: join(server.data, 'other') },
      ['chat'],
      'Hello\n',
    );
    assert.equal(keyless.code, 1);
    assert.match(keyless.err, /TURNPIKE_API_KEY/);
  });

  const WRONG_USES: readonly (readonly [string, RegExp])[] = [
    ['nonsense', /unknown command/],
    ['keys', /Usage: turnpike keys/],
    ['keys create --models ,', /ids of models/],
    ['keys revoke', /missing required argument/],
    ['keys create --name=', /name/],
    ['credits add ten', /decimal string/],
    ['credits add -- -5', /decimal string/],
    ['credits add 5 --id short', /8/],
    [
      'budgets set --scope team --period daily',
      /organisation, project, key, end-user or each-end-user/,
    ],
    ['budgets set --scope organisation --period daily --hard-limit -5', /decimal string/],
    ['usage --by hour', /day, model or key/],
    ['usage --since yesterday', /2026-11-01/],
    ['serve --port 70000', /65535/],
  ];

  test('a wrong use exits 2 and says how it is right', async () => {
    const runs = WRONG_USES.map(async ([line, expected]) => {
      const { code, out, err } = await run({}, line.split(' '));
      assert.equal(code, 2, line);
      assert.equal(out, '', line);
      assert.match(err, expected, line);
    });
    await Promise.all(runs);
  });

  test('without a server, commands exit 3 and say how to start one', async () => {
    const nowhere = { TURNPIKE_URL: 'http://127.0.0.1:9', TURNPIKE_DATA: '/nonexistent' };
    for (const env of [nowhere, { ...nowhere, TURNPIKE_ADMIN_TOKEN: 't' }]) {
      const { code, err } = await run(env, ['keys', 'list']);
      assert.equal(code, 3);
      assert.match(err, /npm start/);
    }
    const chat = await run({ ...nowhere, TURNPIKE_API_KEY: 'k' }, ['chat'], 'Hello\n');
    assert.equal(chat.code, 3);
  });

  test('doctor finds what is wrong with this machine, and a server that answers', async () => {
    await using server = await startServer();
    const healthy = await run(server.env, ['doctor', '--json']);
    const names = JSON.parse(healthy.out).checks.map(({ name }: { name: string }) => name);
    assert.ok(names.includes('engine embedded'), names.join());

    await using squatter = createServer((socket) => socket.resume().end('no HTTP here'));
    squatter.listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    assert.ok(address instanceof Object);
    const ill = await run(
      {
        PORT: String(address.port),
        TURNPIKE_DATA: tmpdir(),
        TURNPIKE_MODEL: MAIN,
        DATABASE_URL: 'postgres://nobody:hunter2@127.0.0.1:9/none',
      },
      ['doctor', '--json'],
    );
    assert.equal(ill.code, 1);
    assert.ok(!ill.out.includes('hunter2'), 'passwords stay out of reports');
    const { checks } = JSON.parse(ill.out);
    const found = checks.filter(({ ok }: { ok: boolean }) => !ok);
    const ills = new Set(found.map(({ name }: { name: string }) => name));
    for (const name of ['port', 'data', 'model', 'database'])
      assert.ok(ills.has(name), `${name}: ${ill.out}`);
    assert.ok(found.every(({ remedy }: { remedy: string }) => remedy.length > 0));
  });

  test('every command explains itself with an example', async () => {
    const commands = [
      'serve',
      'doctor',
      'models list',
      'keys create',
      'keys list',
      'keys models',
      'budgets list',
      'budgets set',
      'budgets end-users',
      'freezes set',
      'projects list',
      'projects models',
      'keys revoke',
      'credits add',
      'credits balance',
      'credits list',
      'credits reverse',
      'credits limit',
      'plans list',
      'plans sell',
      'plans subscribe',
      'plans upgrade',
      'plans cancel',
      'plans subscriptions',
      'usage',
      'chat',
    ];
    const runs = commands.map(async (command) => {
      const { code, out } = await run({}, [...command.split(' '), '--help']);
      assert.equal(code, 0, command);
      assert.match(out, new RegExp(`Examples:\\n[^]*turnpike ${command}`), command);
    });
    await Promise.all(runs);
  });
});
