import { migrateDatabase } from '#adapters/db/migrate';
import { openDatabase } from '#adapters/db/open';
import { startQueue } from '#adapters/db/queue';
import { silentLog } from '#kernel/log';
import { handlersOf } from './handlers.ts';

/**
 * A process that tests may kill. `open <dataDir>` opens the embedded database and says which; `migrate <url>` migrates;
 * `work <url>` takes a job and never ends it. Answers are lines of JSON; an error's message goes to standard error.
 */
const [, , command, target = ''] = process.argv;
const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const stay = setInterval(() => undefined, 60_000);

try {
  if (command === 'open') await open();
  if (command === 'migrate') await migrate();
  if (command === 'work') await work();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  clearInterval(stay);
}

async function open(): Promise<void> {
  const database = await openDatabase({ dataDir: target, log: silentLog });
  await database.pool.query('create table if not exists notes (text text primary key)');
  const { rows } = await database.pool.query<{ text: string }>('select text from notes order by text');
  // Ctrl-C in a terminal reaches every process of the group; the database must outlive it until it is closed.
  process.once('SIGINT', async () => {
    const alive = await database.pool.query('select 1 as one');
    await database.close();
    say({ afterInterrupt: alive.rows });
    clearInterval(stay);
  });
  say({ url: database.connectionString, notes: rows.map(({ text }) => text) });
}

async function migrate(): Promise<void> {
  const waited: string[] = [];
  const database = await openDatabase({ databaseUrl: target, dataDir: '/nowhere', log: silentLog });
  await migrateDatabase({ pool: database.pool, log: silentLog, progress: (text) => waited.push(text) });
  await database.close();
  say({ waited });
  clearInterval(stay);
}

async function work(): Promise<void> {
  const database = await openDatabase({ databaseUrl: target, dataDir: '/nowhere', log: silentLog });
  const handlers = handlersOf(async (name) => {
    say({ took: name });
    await new Promise(() => undefined);
  });
  await startQueue({ pool: database.pool, handlers, log: silentLog, concurrency: 1 });
}
