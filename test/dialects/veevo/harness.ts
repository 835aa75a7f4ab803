import type { FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { veevo } from '#dialects/veevo/index';
import type { DialectHost } from '#http/dialect-hosts';
import type { JsonObject } from '#kernel/json';
import { type Log, silentLog } from '#kernel/log';
import { type TestPlatform, testPlatform } from '#test/dialects/platform';
import { fixtureApp } from '#test/http/fixture';
import { CONTRACT } from './contract.ts';

export const PUBLIC_URL = 'https://voice.example.com';

export const CALLBACKS = {
  onCallStartUrl: 'https://backend.example.com/calls/start',
  onCallEndUrl: 'https://backend.example.com/calls/end',
};

export interface Ask {
  /** An API key or a JWT. */
  bearer?: string;
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

/** An account as registering handed it over. */
export interface Account {
  id: string;
  key: string;
  token: string;
  email: string;
  password: string;
  checkoutUrl: string;
}

export interface Veevo extends AsyncDisposable {
  app: FastifyInstance;
  platform: TestPlatform;
  /** Whether the platform has speech capacity; tests take it away. */
  room: { left: boolean };
  /** Does one operation of the contract and checks the answer, whatever its status, against the contract's schema. */
  ask(operationId: string, with_?: Ask): Promise<Answer>;
  /** Registers; INACTIVE. */
  register(): Promise<Account>;
  /** Registers and is in use. */
  account(): Promise<Account>;
  setStatus(account: Account, status: 'inactive' | 'active' | 'suspended' | 'pending'): Promise<void>;
  /** Registers a number that nobody else in this process has, and answers it as the API shows it. */
  number(account: Account, change?: JsonObject): Promise<{ id: string; phoneNumber: string }>;
}

export interface VeevoOptions {
  rateLimitPerMinute?: number | null;
  twilioAuthToken?: string | null;
  hosts?: readonly DialectHost[];
  log?: Log;
}

let count = 0;

/** A number of its own for each caller. */
export function freshNumber(): string {
  return `+1555${String(1_000_000 + ++count)}`;
}

/** The dialect over real services on a real database. */
export async function startVeevo(options: VeevoOptions = {}): Promise<Veevo> {
  const platform = await testPlatform();
  const { services } = platform;
  const room = { left: true };
  const app = await fixtureApp({
    dialects: [
      veevo({
        services,
        signatures: twilioSignatures(options.twilioAuthToken ?? null),
        hasRoom: () => room.left,
        publicUrl: PUBLIC_URL,
        log: options.log ?? silentLog,
      }),
    ],
    idempotency: services.idempotency,
    ...(options.log && { log: options.log }),
    config: {
      rateLimitPerMinute: options.rateLimitPerMinute ?? null,
      publicUrl: PUBLIC_URL,
      dialectHosts: options.hosts ?? [],
    },
  });
  const ask = (operationId: string, given: Ask = {}) => askOf(app, operationId, given);
  const setStatus: Veevo['setStatus'] = async ({ id }, status) =>
    void (await services.oversight.updateTenant(id, { status }));
  const register = () => registered(ask);
  return {
    app,
    platform,
    room,
    ask,
    register,
    setStatus,
    async account() {
      const account = await register();
      await setStatus(account, 'active');
      return account;
    },
    async number(account, change = {}) {
      const body = { phoneNumber: freshNumber(), ...CALLBACKS, ...change };
      const answer = await ask('registerPhoneNumber', { bearer: account.key, body });
      expect(answer.status, answer.text).toBe(201);
      return answer.body.phoneNumber;
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await platform.close();
    },
  };
}

async function registered(ask: Veevo['ask']): Promise<Account> {
  const email = `you${++count}@company.com`;
  const password = 'min_8_chars';
  const { status, body, text } = await ask('registerAccount', {
    body: { email, password, companyName: 'Your Company' },
  });
  expect(status, text).toBe(201);
  const { account, apiKey, token, checkoutUrl } = body;
  return { id: account.id, key: apiKey, token, email, password, checkoutUrl };
}

async function askOf(app: FastifyInstance, operationId: string, given: Ask): Promise<Answer> {
  const operation = CONTRACT.operation(operationId);
  const headers: Record<string, string> = { ...given.headers };
  if (given.bearer !== undefined) headers.authorization = `Bearer ${given.bearer}`;
  const isForm = operationId === 'receiveVoiceCall';
  if (given.body !== undefined && !headers['content-type'])
    headers['content-type'] = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  const payload =
    isForm && typeof given.body === 'object'
      ? new URLSearchParams(given.body as Record<string, string>).toString()
      : given.body;
  const response = await app.inject({
    method: operation.method,
    url: `/veevo${operation.path.replace('{id}', encodeURIComponent(given.id ?? 'none'))}`,
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
    CONTRACT.breaches(operation, { ...answer, contentType }),
    `${operationId} ${response.statusCode}: ${response.body}`,
  ).toEqual([]);
  return answer;
}
