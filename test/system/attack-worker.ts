import { parentPort, workerData } from 'node:worker_threads';
import { ATTACKS, carryOut } from './attacks.ts';
import { streamToken, talkToken } from './tokens.ts';

/** Where to attack, and with what. */
export interface AttackOrder {
  url: string;
  /** An API key to get stream tokens with. */
  key: string;
  usedToken: string;
  expiredToken: string;
}

/** How each attack was answered, each time it was made. */
export type AttackReport = ReadonlyMap<string, readonly { code: number; reason: string }[]>;

/** Attacks over and over in a thread of its own, so that who listens beside is not slowed down; told to stop, reports. */
async function attack({ url, key, usedToken, expiredToken }: AttackOrder): Promise<AttackReport> {
  const loot = {
    streamToken: () => streamToken(url, key),
    talkToken: () => talkToken(url),
    usedToken,
    expiredToken,
  };
  const seen = new Map(ATTACKS.map(({ name }) => [name, [] as { code: number; reason: string }[]]));
  let isOver = false;
  parentPort!.once('message', () => {
    isOver = true;
  });
  do {
    for (const one of ATTACKS) seen.get(one.name)!.push(await carryOut(one, url, loot));
  } while (!isOver);
  return seen;
}

parentPort!.postMessage(await attack(workerData as AttackOrder));
