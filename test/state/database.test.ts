import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '#test/support/database';

describe('a test database', () => {
  let first: TestDatabase;
  let second: TestDatabase;
  beforeAll(async () => {
    first = await testDatabase();
    second = await testDatabase();
  });
  afterAll(async () => {
    await first.drop();
    await second.drop();
  });

  it('has the schema of the job queue and shares no rows with another', async () => {
    await first.pool.query("select graphile_worker.add_job('x')");
    const count = (db: TestDatabase) => db.pool.query('select count(*)::int as n from graphile_worker.jobs');
    expect((await count(first)).rows).toEqual([{ n: 1 }]);
    expect((await count(second)).rows).toEqual([{ n: 0 }]);
  });
});
