import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateDatabase } from '#adapters/db/migrate';
import { silentLog } from '#kernel/log';
import { type TestDatabase, testDatabase } from '#test/support/database';
import { killChildren, runChild } from './run-child.ts';

let root: TestDatabase;
beforeAll(async () => {
  root = await testDatabase();
});
afterAll(async () => {
  killChildren();
  await root.drop();
});

/** An empty database on the run's server, for the length of `use`. */
async function withEmpty(use: (url: string, client: pg.Client) => Promise<void>): Promise<void> {
  const name = `patchbay_empty_${process.pid}_${performance.now().toFixed(0)}`;
  await root.pool.query(`create database ${name}`);
  const url = new URL(root.connectionString);
  url.pathname = `/${name}`;
  const client = new pg.Client(url.toString());
  await client.connect();
  try {
    await use(url.toString(), client);
  } finally {
    await client.end();
    await root.pool.query(`drop database ${name} with (force)`);
  }
}

describe('migrating', () => {
  it('is done once when several processes start at once on an empty database', async () => {
    await withEmpty(async (url, client) => {
      const children = [1, 2, 3].map(() => runChild(['migrate', url]));
      await Promise.all(children.map((child) => child.next()));
      expect(await Promise.all(children.map(({ ended }) => ended))).toEqual([0, 0, 0]);

      const journal = new URL('../../src/adapters/db/migrations/meta/_journal.json', import.meta.url);
      const { entries } = JSON.parse(await readFile(journal, 'utf8')) as { entries: unknown[] };
      const { rows } = await client.query('select hash from drizzle.__drizzle_migrations');
      expect(rows).toHaveLength(entries.length);
      expect(new Set(rows.map(({ hash }) => hash)).size).toBe(entries.length);
    });
  });

  it('waits for whoever is migrating, and says so', async () => {
    await withEmpty(async (url, client) => {
      await client.query('select pg_advisory_lock(7203418665101)');
      const child = runChild(['migrate', url]);
      const { rows } = await waiting(client);
      expect(rows).toHaveLength(1);
      await client.query('select pg_advisory_unlock(7203418665101)');
      expect(await child.next()).toEqual({
        waited: ['Waiting for another node to bring the database up to date'],
      });
    });
  });

  it('changes nothing the second time', async () => {
    const applied = () => root.pool.query('select id, hash, created_at from drizzle.__drizzle_migrations');
    const before = await applied();
    await migrateDatabase({ pool: root.pool, log: silentLog });
    expect((await applied()).rows).toEqual(before.rows);
  });

  it('warns when a newer version has been at the database', async () => {
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
    await migrateDatabase({ pool: root.pool, log });
    expect(warnings).toEqual([]);
    await root.pool.query(
      "insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 99999999999999)",
    );
    await migrateDatabase({ pool: root.pool, log });
    expect(warnings).toEqual([expect.stringContaining('newer Patchbay')]);
    await root.pool.query("delete from drizzle.__drizzle_migrations where hash = 'later'");
  });
});

async function waiting(client: pg.Client): Promise<pg.QueryResult> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const result = await client.query(
      `select pid from pg_locks where locktype = 'advisory' and not granted
       and database = (select oid from pg_database where datname = current_database())`,
    );
    if (result.rows.length > 0 || performance.now() > deadline) return result;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
