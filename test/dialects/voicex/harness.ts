import type { FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { voicex } from '#dialects/voicex/index';
import type { DialectHost } from '#http/dialect-hosts';
import { systemClock } from '#kernel/clock';
import type { JsonObject } from '#kernel/json';
import type { Log } from '#kernel/log';
import { type TestPlatform, testPlatform } from '#test/dialects/platform';
import { fixtureApp } from '#test/http/fixture';
import { breaches, operationOf } from './contract.ts';

export const PUBLIC_URL = 'https://voice.example.com';

export interface Ask {
  token?: string;
  key?: string;
  /** Values for `{id}`. */
  id?: string;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by every test, and checked against the contract
  body: any;
  headers: Record<string, string | string[] | number | undefined>;
  text: string;
}

/** An organization with its first user. */
export interface Org {
  token: string;
  tenantId: string;
  userId: string;
  email: string;
  password: string;
}

export interface Voicex extends AsyncDisposable {
  app: FastifyInstance;
  platform: TestPlatform;
  /** Whether the platform has speech capacity; tests take it away. */
  room: { left: boolean };
  /** Does one operation of the contract and checks the answer, whatever its status, against the contract's schema. */
  ask(operationId: string, with_?: Ask): Promise<Answer>;
  /** Signs up; `pending`. */
  signUp(name?: string): Promise<Org>;
  /** Signs up and is approved, on a plan (`enterprise` when left out). */
  org(plan?: string): Promise<Org>;
}

export interface VoicexOptions {
  rateLimitPerMinute?: number | null;
  twilioAuthToken?: string | null;
  hosts?: readonly DialectHost[];
  log?: Log;
}

/** The dialect over real services on a real database. */
export async function startVoicex(options: VoicexOptions = {}): Promise<Voicex> {
  const platform = await testPlatform();
  const room = { left: true };
  const app = await fixtureApp({
    dialects: [
      voicex({
        services: platform.services,
        blobs: platform.blobs,
        signatures: twilioSignatures(options.twilioAuthToken ?? null),
        hasRoom: () => room.left,
        publicUrl: PUBLIC_URL,
        clock: systemClock,
      }),
    ],
    idempotency: platform.services.idempotency,
    ...(options.log && { log: options.log }),
    config: {
      rateLimitPerMinute: options.rateLimitPerMinute ?? null,
      publicUrl: PUBLIC_URL,
      dialectHosts: options.hosts ?? [],
    },
  });
  const ask = (operationId: string, given: Ask = {}) => askOf(app, operationId, given);
  let count = 0;
  const signUp = async (name = 'Acme Corp'): Promise<Org> => {
    const email = `john${++count}@company.com`;
    const password = 'min8chars';
    const { status, body } = await ask('signUp', {
      body: { name: 'John Doe', email, password, orgName: name },
    });
    expect(status).toBe(201);
    return { token: body.token, tenantId: body.organization._id, userId: body.user._id, email, password };
  };
  return {
    app,
    platform,
    room,
    ask,
    signUp,
    async org(plan = 'enterprise') {
      const org = await signUp();
      await platform.services.oversight.updateTenant(org.tenantId, { status: 'active', plan });
      return org;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await platform.close();
    },
  };
}

async function askOf(app: FastifyInstance, operationId: string, given: Ask): Promise<Answer> {
  const operation = operationOf(operationId);
  const headers: Record<string, string> = { ...given.headers };
  if (given.token !== undefined) headers.authorization = `Bearer ${given.token}`;
  if (given.key !== undefined) headers['x-api-key'] = given.key;
  if (given.body !== undefined && !headers['content-type']) headers['content-type'] = 'application/json';
  const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
  const payload = isForm ? new URLSearchParams(given.body as Record<string, string>).toString() : given.body;
  const response = await app.inject({
    method: operation.method,
    url: `/voicex${operation.path.replace('{id}', encodeURIComponent(given.id ?? 'none'))}`,
    query: given.query ?? {},
    headers,
    ...(payload !== undefined && {
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    }),
  });
  const contentType = String(response.headers['content-type'] ?? '');
  const body: unknown = contentType.includes('json') ? response.json() : response.body;
  const answer = { status: response.statusCode, body, headers: response.headers, text: response.body };
  expect(
    breaches(operation, { ...answer, contentType }),
    `${operationId} ${response.statusCode}: ${response.body}`,
  ).toEqual([]);
  return answer;
}

/** The embedded providers' ids by category, as a client finds them. */
export async function providersOf(api: Voicex, org: Org): Promise<Record<'llm' | 'tts' | 'stt', JsonObject>> {
  const { body } = await api.ask('listProviders', { token: org.token });
  const byCategory = (category: string) =>
    body.find((p: JsonObject) => p.category === category && p.source === 'global');
  return { llm: byCategory('llm'), tts: byCategory('tts'), stt: byCategory('stt') };
}

/** The body of a new agent on the embedded providers. */
export async function agentDraft(api: Voicex, org: Org): Promise<JsonObject> {
  const { llm, tts, stt } = await providersOf(api, org);
  const firstModel = (provider: JsonObject) => (provider.models as { modelId: string }[])[0]!.modelId;
  return {
    name: 'Sales Bot',
    persona: {
      systemPrompt: 'You are a sales assistant.',
      greeting: 'Hi! How can I help?',
      personality: 'friendly',
      language: 'en-US',
      guardrails: 'Keep responses short.',
    },
    llmProviderId: llm._id!,
    llmModelId: firstModel(llm),
    llmConfig: { temperature: 0.4, maxTokens: 200 },
    ttsProviderId: tts._id!,
    ttsModelId: firstModel(tts),
    ttsConfig: { speed: 1.0 },
    sttProviderId: stt._id!,
    thresholds: {
      silenceTimeoutMs: 700,
      maxCallDurationSec: 1800,
      interruptionSensitivity: 'medium',
      endpointingMs: 200,
    },
  };
}

/** Creates an agent; what `change` says differs from the draft. */
export async function makeAgent(api: Voicex, org: Org, change: JsonObject = {}): Promise<JsonObject> {
  const body = { ...(await agentDraft(api, org)), ...change };
  const answer = await api.ask('createAgent', { token: org.token, body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

/** Makes an API key and returns it with its id. */
export async function makeKey(
  api: Voicex,
  org: Org,
  name = 'Production Key',
): Promise<{ id: string; rawKey: string }> {
  const { body } = await api.ask('createApiKey', { token: org.token, body: { name } });
  return { id: body._id, rawKey: body.rawKey };
}
