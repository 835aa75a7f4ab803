import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isReady, Platform } from '#cli/platform';
import { startServer } from '#cli/server-child';
import { CommandError, type Terminal } from '#cli/terminal';
import { isJsonObject, parseJson } from '#kernel/json';
import { readConfig } from '#src/config';

/** The server a command works with. */
export interface FoundServer {
  platform: Platform;
  /** The demo assistant, where the demo tenant's key is used. */
  agentId: string | null;
  /** Stops what was started for this command; nothing otherwise. */
  stop(): Promise<void>;
}

export interface ServerWish {
  url: string | null;
  key: string | null;
  dataDir: string | null;
}

interface Demo {
  apiKey: string;
  agentId: string;
}

/**
 * The server at `url`; else the one that runs on this machine on the usual port and data folder; else a new one. The
 * key is the given one or the demo tenant's, which a server leaves in its data folder. Throws CommandError.
 */
export async function findServer(wish: ServerWish, screen: Terminal): Promise<FoundServer> {
  const config = readConfig();
  const dataDir = wish.dataDir === null ? config.dataDir : resolve(wish.dataDir);
  const usualUrl = `http://localhost:${config.port}`;
  const url = wish.url ?? (wish.dataDir === null && (await isOurs(usualUrl, dataDir)) ? usualUrl : null);
  if (url !== null) {
    if (!(await isReady(url))) throw new CommandError(`No server is ready at ${url}.`);
    return { ...(await signIn({ url, key: wish.key, dataDir })), stop: async () => {} };
  }
  screen.line(
    screen.style('dim', '  No server is running here: starting one. The first start takes up to a minute.'),
  );
  const print = (line: string) => {
    if (line.trim() !== '') screen.line(screen.style('dim', `  ${line}`));
  };
  const child = await startServer({ dataDir, print });
  try {
    return { ...(await signIn({ url: child.url, key: wish.key, dataDir })), stop: child.stop };
  } catch (error) {
    await child.stop();
    throw error;
  }
}

/** Whether the server there is ready and takes the key in this data folder. */
async function isOurs(url: string, dataDir: string): Promise<boolean> {
  const demo = await readDemo(dataDir);
  if (!demo || !(await isReady(url))) return false;
  return new Platform(url, demo.apiKey).findCall('').then(
    () => true,
    () => false,
  );
}

async function signIn(by: { url: string; key: string | null; dataDir: string }) {
  if (by.key !== null) return { platform: new Platform(by.url, by.key), agentId: null };
  const demo = await readDemo(by.dataDir);
  if (!demo)
    throw new CommandError('There is no demo tenant in the data folder: give an API key with --key vx_…');
  return { platform: new Platform(by.url, demo.apiKey), agentId: demo.agentId };
}

async function readDemo(dataDir: string): Promise<Demo | null> {
  const text = await readFile(join(dataDir, 'demo.json'), 'utf8').catch(() => '');
  const demo = parseJson(text);
  if (!isJsonObject(demo)) return null;
  const { apiKey, agentId } = demo;
  return typeof apiKey === 'string' && typeof agentId === 'string' ? { apiKey, agentId } : null;
}
