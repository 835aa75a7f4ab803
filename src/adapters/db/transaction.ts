import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle } from 'drizzle-orm/node-postgres';
import type { Pool, PoolClient } from 'pg';
import { DomainError } from '#kernel/errors';
import { storageFailure, worthAgain } from './repos/failures.ts';
import type { Session } from './repos/session.ts';

export interface TransactionOrder<T> {
  /** Opens the transaction: one text, however many statements. */
  readonly begin: string;
  /** Whether `work` asks exactly once: then opening, question and commit are one round trip. */
  readonly asksOnce: boolean;
  readonly work: (session: Session) => Promise<T>;
}

const MAX_TRIES = 5;
const RETRY_PAUSE_MS = 40;

/** Runs the work in a transaction, again after a deadlock. Whatever it throws rolls back. */
export async function transact<T>(pool: Pool, order: TransactionOrder<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(pool, order);
    } catch (thrown) {
      if (tries >= MAX_TRIES || !worthAgain(thrown)) throw storageFailure(thrown);
      // Pauses of different length keep two that met from meeting again.
      await sleep(Math.random() * RETRY_PAUSE_MS * tries);
    }
  }
}

async function attempt<T>(pool: Pool, { begin, asksOnce, work }: TransactionOrder<T>): Promise<T> {
  const client = await pool.connect();
  const sitting = new Sitting(client, asksOnce);
  try {
    sendTogether(client);
    // The first question goes out behind the opening. Should the opening fail, the transaction is aborted, and so is
    // whatever was sent into it; one that is not even open is on a connection that is lost.
    const opened = client.query(begin);
    if (!client.pipeline) await opened;
    const working = (async () => work(drizzle({ client: sitting as never })))();
    const [opening, result] = await Promise.allSettled([opened, working]);
    if (opening.status === 'rejected') throw opening.reason;
    if (result.status === 'rejected') throw result.reason;
    await sitting.commit();
    client.release();
    return result.value;
  } catch (thrown) {
    await sitting.rollBack();
    throw thrown;
  }
}

/** What a transaction's repositories ask through. Afterwards it is of no use to whoever kept it. */
class Sitting {
  readonly #client: PoolClient;
  readonly #asksOnce: boolean;
  #committing: Promise<unknown> | null = null;
  #isOver = false;

  constructor(client: PoolClient, asksOnce: boolean) {
    this.#client = client;
    this.#asksOnce = asksOnce;
  }

  query(...asked: Parameters<PoolClient['query']>): unknown {
    if (this.#isOver || this.#committing) throw misuse();
    const answer: unknown = this.#client.query(...asked);
    if (this.#asksOnce && this.#client.pipeline) {
      this.#committing = this.#client.query('commit');
      // Whoever awaits the end of the transaction sees it fail.
      this.#committing.catch(() => {});
    }
    return answer;
  }

  async commit(): Promise<void> {
    this.#isOver = true;
    await (this.#committing ?? this.#client.query('commit'));
  }

  /** A connection whose transaction cannot be undone is thrown away. */
  async rollBack(): Promise<void> {
    this.#isOver = true;
    try {
      await this.#client.query('rollback');
      this.#client.release();
    } catch {
      this.#client.release(true);
    }
  }
}

function misuse(): DomainError {
  return new DomainError('internal', 'Something went wrong on our side.', {
    internal: 'a question outside its transaction',
  });
}

/** What is written until the current turn of the event loop is over goes out in one piece. */
function sendTogether(client: PoolClient): void {
  const { connection } = client as unknown as {
    connection?: { stream: { cork(): void; uncork(): void } };
  };
  if (!connection) return;
  connection.stream.cork();
  process.nextTick(() => connection.stream.uncork());
}
