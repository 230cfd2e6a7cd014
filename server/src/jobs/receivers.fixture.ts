// Those whom alerts are brought to, on real sockets: a server for webhooks that can be slow, rude or broken, and one for
// mail that speaks as much SMTP as a mail needs.

import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';

export type Heard = { readonly headers: IncomingHttpHeaders; readonly body: string };

/** What it answers to the n-th call, from 0; `hang`: nothing at all. */
export type Manner = (call: number) => number | 'hang' | 'redirect' | 'endless';

export class HookReceiver implements AsyncDisposable {
  readonly heard: Heard[] = [];
  manner: Manner = () => 204;
  readonly #server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const manner = this.manner(this.heard.length);
      this.heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      if (manner === 'hang') return;
      if (manner === 'redirect') {
        response.writeHead(302, { location: '/elsewhere' }).end();
      } else if (manner === 'endless') {
        response.writeHead(500);
        const more = (): void => {
          while (!response.destroyed && response.write('no '.repeat(10_000)));
        };
        response.on('drain', more).on('error', () => {});
        more();
      } else response.writeHead(manner).end('as you like');
    });
  });

  static async start(): Promise<HookReceiver> {
    const receiver = new HookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return `http://127.0.0.1:${port}/hooks`;
  }

  /** What it was told, by type. */
  get types(): readonly string[] {
    return this.heard.map(({ body }) => (JSON.parse(body) as { type: string }).type); // as we send it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export type Letter = { readonly to: string; readonly from: string; readonly text: string };

export class MailReceiver implements AsyncDisposable {
  readonly letters: Letter[] = [];
  /** How many mails are put off with a 451 first. */
  busy = 0;
  readonly #sockets = new Set<Socket>();
  readonly #server = createNetServer((socket) => {
    this.#sockets.add(socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {}));
    this.#converse(socket);
  });

  static async start(): Promise<MailReceiver> {
    const receiver = new MailReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on TCP
    return `smtp://127.0.0.1:${port}`;
  }

  #converse(socket: Socket): void {
    let pending = '';
    let [from, to] = ['', ''];
    let text: string | undefined;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const command = (line: string): void => {
      const address = /<(.*)>/.exec(line)?.[1] ?? '';
      if (/^EHLO|^HELO/i.test(line)) say('250 receiver');
      else if (/^MAIL/i.test(line)) [from] = [address, say('250 ok')];
      else if (/^RCPT/i.test(line)) {
        to = address;
        if (to.startsWith('nobody@')) say('550 no such mailbox');
        else if (this.busy-- > 0) say('451 come back later');
        else say('250 ok');
      } else if (/^DATA/i.test(line)) [text] = ['', say('354 go on')];
      else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else say('250 ok');
    };
    say('220 receiver');
    socket.on('data', (chunk) => {
      const lines = (pending + chunk.toString()).split('\r\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        if (text === undefined) command(line);
        else if (line === '.') {
          this.letters.push({ from, to, text });
          text = undefined;
          say('250 taken');
        } else text += `${line.replace(/^\./, '')}\n`;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
