import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isReady, Platform } from '#cli/platform';
import { pause, systemClock } from '#kernel/clock';
import { serverEnvironment } from '#src/config';

/** What of an assistant a measurement chooses; the rest is the product's default. */
export interface AgentSettings {
  name: string;
  firstMessageMode: 'assistant' | 'caller';
  /** Null is the product's default. */
  endpointingMs: number | null;
  interruptionSensitivity: 'low' | 'medium' | 'high';
  knowledge?: string;
  greeting?: string;
}

/** A server of its own, with its own database, for as long as a benchmark runs. */
export interface BenchServer {
  platform: Platform;
  /** Creates an assistant on the embedded providers over the HTTP API; its id, and the thresholds it got. */
  createAgent(settings: AgentSettings): Promise<{ id: string; endpointingMs: number }>;
  stop(): Promise<void>;
}

const ROOT = join(import.meta.dirname, '../..');
const READY_MS = 180_000;
const STOP_MS = 40_000;
const PROMPT = 'You are the receptionist of the Old Mill. Be brief and polite.';

/** Starts the whole server on a free port in a folder that is deleted afterwards. Throws when it does not get ready. */
export async function startBenchServer(): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-turn-'));
  const models = join(ROOT, 'data/models');
  mkdirSync(models, { recursive: true });
  symlinkSync(models, join(folder, 'models'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = serverEnvironment({
    PORT: String(port),
    PUBLIC_URL: url,
    DATA_DIR: folder,
    TENANT_APPROVAL: 'auto',
    RATE_LIMIT: 'off',
    DATABASE_URL: '',
  });
  const args = ['--disable-warning=ExperimentalWarning', join(ROOT, 'src/main.ts')];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const stop = async () => {
    await stopped(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(url, child);
    const key = demoKey(folder);
    const platform = new Platform(url, key);
    return { platform, createAgent: (settings) => createAgent({ url, key }, settings), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function demoKey(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'demo.json'), 'utf8')) as { apiKey: string }).apiKey;
}

interface ProviderRow {
  _id: string;
  category: 'llm' | 'stt' | 'tts';
  providerKey: string;
}

async function createAgent(server: { url: string; key: string }, settings: AgentSettings) {
  const providers = await ask<ProviderRow[]>(server, '/voicex/api/dashboard/providers');
  const idOf = (category: string, key: string) => {
    const found = providers.find((one) => one.category === category && one.providerKey === key);
    if (!found) throw new Error(`the server has no ${category} provider ${key}`);
    return found._id;
  };
  const { name, firstMessageMode, endpointingMs, interruptionSensitivity, knowledge, greeting } = settings;
  const agent = await ask<{ _id: string; thresholds: { endpointingMs: number } }>(
    server,
    '/voicex/api/dashboard/agents',
    {
      name,
      firstMessageMode,
      persona: { systemPrompt: PROMPT, language: 'en-US', ...(greeting ? { greeting } : {}) },
      llmProviderId: idOf('llm', 'concierge'),
      llmModelId: 'concierge',
      ttsProviderId: idOf('tts', 'flite'),
      ttsModelId: 'rms',
      sttProviderId: idOf('stt', 'moonshine'),
      thresholds: { interruptionSensitivity, ...(endpointingMs === null ? {} : { endpointingMs }) },
      ...(knowledge ? { knowledge } : {}),
    },
  );
  return { id: agent._id, endpointingMs: agent.thresholds.endpointingMs };
}

async function ask<T>(server: { url: string; key: string }, path: string, body?: unknown): Promise<T> {
  const response = await fetch(server.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'x-api-key': server.key, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = systemClock.nowMs() + READY_MS;
  while (systemClock.nowMs() < deadlineMs) {
    if (await isReady(url)) return;
    if (child.exitCode !== null) throw new Error('the server stopped before it was ready');
    await pause(systemClock, 100);
  }
  throw new Error('the server did not get ready in time');
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const cancel = systemClock.after(STOP_MS, () => child.kill('SIGKILL'));
  await exited;
  cancel();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
