import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool } from 'pg';
import type { Session } from './session.ts';

/** What the query builder makes of a finished query. */
interface Preparable<R> {
  prepare(name: string): { execute(values: Record<string, unknown>): Promise<R> };
}

type Send = (config: unknown, values: unknown) => unknown;

/** The connection that the execution under way asks through; set for as long as it takes to send. */
let sender: { query: Send } | null = null;

const template: Session = drizzle({
  client: {
    query(config: unknown, values: unknown) {
      if (!sender) throw new Error('a prepared query was not sent at once');
      return sender.query(config, values);
    },
  } as unknown as Pool,
});

/**
 * A query that is asked at every request: its SQL is put together once for the process and planned once for each
 * connection. Values come in by `sql.placeholder`; dates among them as ISO text. `name` is unique in the process.
 */
export function prepared<V extends Record<string, unknown>, R>(
  name: string,
  build: (session: Session) => Preparable<R>,
): (session: Session, values: V) => Promise<R> {
  let query: ReturnType<Preparable<R>['prepare']> | undefined;
  return (session, values) => {
    query ??= build(template).prepare(name);
    const { $client } = session as unknown as { $client: { query: Send } };
    sender = $client;
    try {
      return query.execute(values);
    } finally {
      sender = null;
    }
  };
}
