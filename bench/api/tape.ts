import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { newId } from '#kernel/ids';

/** One statement, with the arguments that the driver was given. */
interface Statement {
  text: string;
  args: [config: unknown, values: unknown[] | undefined];
}

/** Statements of one connection from one taking of it to its giving back. */
type Sitting = Statement[];

type Query = (config: unknown, values?: unknown[]) => Promise<{ rows: unknown[] }>;

export interface Recording {
  sittings: Sitting[];
  /** Ids that sort after this were made by the request. */
  madeAfter: string;
}

/** Writes down what is sent over a pool's connections while it runs, and plays it again. */
export interface Tape {
  /** The statements that `run` caused. */
  record(run: () => Promise<unknown>): Promise<Recording>;
}

/** Put it in before the pool is used. */
export function tapeOf(pool: pg.Pool): Tape {
  let sittings: Sitting[] | null = null;
  const open = new Map<pg.PoolClient, Sitting>();
  const watch = (client: pg.PoolClient) => {
    const send = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...given: unknown[]) => {
      const [config, values] = given as Statement['args'];
      if (sittings) {
        if (!open.has(client)) sittings.push(open.set(client, []).get(client)!);
        const text = typeof config === 'string' ? config : (config as { text: string }).text;
        open.get(client)!.push({ text, args: [config, values] });
      }
      return send(...given);
    }) as typeof client.query;
  };
  pool.on('connect', watch);
  pool.on('release', (_error, client) => void open.delete(client));
  return {
    async record(run) {
      const madeAfter = newId('key').slice('key'.length);
      sittings = [];
      await run();
      const recorded = sittings;
      sittings = null;
      return { sittings: recorded, madeAfter };
    },
  };
}

const FRAME = /^\s*(begin|commit|select set_config)\b/i;
const ID = /^(key|aud|asst|num|call)_[0-9a-z]{26}$/;

/** Runs exactly those statements, on connections taken as they were; rows of the last that gave any. */
export async function replay(pool: pg.Pool, { sittings, madeAfter }: Recording): Promise<unknown[]> {
  let rows: unknown[] = [];
  for (const [i, sitting] of sittings.entries()) {
    if (sitting.length === 0) continue;
    const client = await pool.connect();
    const query = client.query.bind(client) as unknown as Query;
    for (const { args } of sitting) {
      const [config, values] = args;
      const result = await query(config, refresh(values, { madeAfter, isFirst: i === 0 }));
      if (Array.isArray(result.rows) && result.rows.length > 0) rows = result.rows;
    }
    client.release();
  }
  return rows;
}

/** The statements that are about the noun itself: without the credential's, and without any transaction around them. */
export function bareOf({ sittings, madeAfter }: Recording): Recording {
  const own = sittings
    .slice(1)
    .map((sitting) => sitting.filter(({ text }) => !FRAME.test(text)))
    .filter((sitting) => sitting.length > 0);
  return { sittings: [[], ...own], madeAfter };
}

/** New ids and hashes in place of those that the recorded request made, so that inserting them again is possible. */
function refresh(
  values: unknown[] | undefined,
  { madeAfter, isFirst }: { madeAfter: string; isFirst: boolean },
) {
  return values?.map((value) => {
    if (typeof value !== 'string') return value;
    if (/^[0-9a-f]{64}$/.test(value)) return isFirst ? value : randomBytes(32).toString('hex');
    const kind = ID.exec(value)?.[1] as 'key' | undefined;
    return kind && value.slice(kind.length) > madeAfter ? newId(kind) : value;
  });
}
