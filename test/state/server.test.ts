import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { checkServer } from '#adapters/db/server';
import { testDatabase } from '#test/support/database';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** Answers as far as the version check asks: PostgreSQL's protocol 3.0, no password, one row. */
function listenAs(version: { number: string; name: string }, port = 0): Promise<number> {
  const server = createServer((socket) => speak(socket, version));
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

function speak(socket: Socket, version: { number: string; name: string }): void {
  const message = (type: string, body: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(type), length, body]);
  };
  const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value & 0xffff)]);
  const ready = message('Z', Buffer.from('I'));
  let isStarted = false;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    if (!isStarted) {
      isStarted = true;
      socket.write(Buffer.concat([message('R', int32(0)), ready]));
    } else if (bytes[0] === 'Q'.charCodeAt(0)) {
      const column = (name: string, type: number) =>
        Buffer.concat([
          Buffer.from(`${name}\0`),
          int32(0),
          int16(0),
          int32(type),
          int16(-1),
          int32(-1),
          int16(0),
        ]);
      const value = (text: string) => Buffer.concat([int32(text.length), Buffer.from(text)]);
      const description = Buffer.concat([int16(2), column('number', 23), column('name', 25)]);
      const row = Buffer.concat([int16(2), value(version.number), value(version.name)]);
      socket.write(
        Buffer.concat([
          message('T', description),
          message('D', row),
          message('C', Buffer.from('SELECT 1\0')),
          ready,
        ]),
      );
    }
  });
}

const SECRET = 'a-password';
const urlOf = (port: number) => `postgres://user:${SECRET}@127.0.0.1:${port}/patchbay`;
const check = (databaseUrl: string, patienceMs = 0, progress = (_text: string) => {}) =>
  checkServer({ databaseUrl, progress, patienceMs });

describe('a PostgreSQL of DATABASE_URL', () => {
  it('is taken from version 15 on', async () => {
    const url = urlOf(await listenAs({ number: '150000', name: '15.0' }));
    expect(await check(url)).toBe(url);
  });

  it('is refused when older, with its version', async () => {
    const url = urlOf(await listenAs({ number: '140012', name: '14.12' }));
    await expect(check(url)).rejects.toThrow(/PostgreSQL 14\.12\. Patchbay needs version 15/);
  });

  it('is waited for while it starts, which is told once', async () => {
    const port = await listenAs({ number: '160000', name: '16.0' });
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const told: string[] = [];
    const url = urlOf(port);
    const checked = check(url, 20_000, (text) => {
      told.push(text);
      void listenAs({ number: '160000', name: '16.0' }, port);
    });
    expect(await checked).toBe(url);
    expect(told).toEqual([`Waiting for PostgreSQL at 127.0.0.1:${port}/patchbay`]);
  });

  it('is told where nothing listens, without the password', async () => {
    const port = await listenAs({ number: '160000', name: '16.0' });
    await new Promise((resolve) => servers.pop()?.close(resolve));
    const error = await check(urlOf(port)).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(/Nothing listens there/) });
    expect(String(error)).not.toContain(SECRET);
  });

  it('is told when it lacks the database', async () => {
    const database = await testDatabase();
    const url = new URL(database.connectionString);
    url.pathname = '/no_such_database';
    await expect(check(url.toString())).rejects.toThrow(/does not exist; create it/);
    await database.drop();
  });

  it('may prefer TLS and do without, as with libpq', async () => {
    const database = await testDatabase();
    const { rows } = await database.pool.query(
      'select 1 from pg_stat_ssl where pid = pg_backend_pid() and ssl',
    );
    const url = new URL(database.connectionString);
    url.searchParams.set('sslmode', 'prefer');
    const usable = await check(url.toString());
    if (rows.length === 0) expect(new URL(usable).searchParams.get('sslmode')).toBe('disable');
    await database.drop();
  });
});
