import type { SystemRepos, SystemTx } from '#core/uow';
import type { Kept, Kinds } from './objects.ts';

export type SandboxTx = Pick<SystemTx, 'sandbox' | 'enqueue'>;

/** Where the sandbox keeps things; each `run` is one transaction. */
export interface SandboxStore {
  read<T>(run: (repos: Pick<SystemRepos, 'sandbox'>) => Promise<T>): Promise<T>;
  write<T>(run: (tx: SandboxTx) => Promise<T>): Promise<T>;
}

type Repos = Pick<SystemRepos, 'sandbox'>;

/** Null where there is none. */
export async function find<K extends keyof Kinds>(
  repos: Repos,
  kind: K,
  id: string,
): Promise<Kept<K> | null> {
  return (await repos.sandbox.find(kind, id)) as Kept<K> | null;
}

/** As `find`, and holds it until the transaction ends. */
export async function lock<K extends keyof Kinds>(
  tx: SandboxTx,
  kind: K,
  id: string,
): Promise<Kept<K> | null> {
  return (await tx.sandbox.lock(kind, id)) as Kept<K> | null;
}

/** Newest first. */
export async function list<K extends keyof Kinds>(
  repos: Repos,
  kind: K,
  filter: { where: Partial<Kinds[K]>; limit: number },
): Promise<Kept<K>[]> {
  return (await repos.sandbox.list(kind, filter as Parameters<Repos['sandbox']['list']>[1])) as Kept<K>[];
}

/** False where the id is taken. */
export function keep<K extends keyof Kinds>(
  tx: SandboxTx,
  kind: K,
  object: { id: string; body: Kinds[K]; at: Date },
): Promise<boolean> {
  return tx.sandbox.insert({ id: object.id, kind, body: object.body, createdAt: object.at });
}

/** Changes some of what is kept. */
export async function change<K extends keyof Kinds>(
  tx: SandboxTx,
  kept: Kept<K>,
  to: Partial<Kinds[K]>,
): Promise<Kept<K>> {
  const body = { ...kept.body, ...to };
  await tx.sandbox.update(kept.id, body);
  return { ...kept, body };
}
