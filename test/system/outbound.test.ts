import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav } from '#audio/wav';
import { wordErrors } from '#test/speech/word-errors';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { openReceiver, type Received, type Receiver } from './receiver.ts';
import { storedCall } from './telephone.ts';
import { askOperator } from './tenants.ts';
import { openAccount, type VeevoAccount } from './veevo-account.ts';

let dataDir: string;
let server: TestServer;
let receiver: Receiver;
let account: VeevoAccount;
let calls: Awaited<ReturnType<typeof holdCalls>>;

beforeAll(async () => {
  dataDir = await makeDataDir();
  receiver = await openReceiver();
  server = await startTestServer({ dataDir, env: { CALLBACK_ALLOWLIST: receiver.host } });
  account = await openAccount(server, receiver.origin);
  calls = await holdCalls();
}, 150_000);
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
  await removeDataDir(dataDir);
});

const AUTH_TOKEN = 'the-tenants-own-auth-token';

interface Placed {
  callSid: string;
  ended: Received;
  /** What the sandbox carrier says of it. */
  atCarrier: { status: string; mediaUrl: string | null };
}

/** Orders a call and waits until its end has been told. */
async function place(to: string, more: object = {}): Promise<Placed> {
  const path = `/end/${randomBytes(4).toString('hex')}`;
  const placed = await account.ask('/api/outbound', {
    to,
    from: account.from,
    onCallStartUrl: `${receiver.origin}/start`,
    onCallEndUrl: receiver.origin + path,
    twilioAccountSid: `AC${'7'.repeat(32)}`,
    twilioAuthToken: AUTH_TOKEN,
    metadata: { customerId: 'cust_1' },
    ...more,
  });
  expect(placed.status, JSON.stringify(placed.body)).toBe(201);
  const { callSid } = placed.body;
  const told = () => receiver.received.find((one) => one.path === path);
  const ended = await eventually(
    async () => told(),
    (one) => one !== undefined,
    110_000,
  );
  const { body } = await askOperator(server, `/outbox/calls?to=${encodeURIComponent(to)}`);
  const atCarrier = body.items.find((one: { callSid: string }) => one.callSid === callSid);
  return { callSid, ended: ended!, atCarrier };
}

/** Calls that run at the same time. */
async function holdCalls() {
  const voicemailMessage = 'This is {{company}}. Please call us back tomorrow morning. Goodbye.';
  receiver.replies.set('/start/voicemail', { voicemailMessage, variables: { company: 'Acme' } });
  receiver.replies.set('/start/reject', { reject: true });
  const agentId = await account.tenant.makeAgent({ recording: { enabled: true, announce: false } });
  receiver.replies.set('/start/recorded', { agentId });
  const toMachine = { onCallStartUrl: `${receiver.origin}/start/voicemail` };
  const [person, message, early, hungUp, busy, nobody, rejected] = await Promise.all([
    place('+14155550123', {
      machineDetection: 'Enable',
      onCallStartUrl: `${receiver.origin}/start/recorded`,
    }),
    place('+14155550197', { ...toMachine, machineDetection: 'DetectMessageEnd' }),
    place('+13105550197', { ...toMachine, machineDetection: 'Enable' }),
    place('+12125550197', { machineDetection: 'Enable' }),
    place('+14155550198'),
    place('+14155550199', { timeout: 5 }),
    place('+14155550124', { onCallStartUrl: `${receiver.origin}/start/reject` }),
  ]);
  return { person, message, early, hungUp, busy, nobody, rejected };
}

const dataOf = ({ ended }: Placed) => ended.body.data;

describe('a call that goes out', () => {
  it('to a person is a conversation, told of when it is over', () => {
    const { person } = calls;
    const data = dataOf(person);
    expect(data).toMatchObject({
      callSid: person.callSid,
      direction: 'outbound',
      status: 'completed',
      metadata: { customerId: 'cust_1' },
    });
    expect(['caller_hung_up', 'agent_ended']).toContain(data.endReason);
    const texts = (role: string): string[] =>
      data.transcript
        .filter((one: { role: string }) => one.role === role)
        .map((one: { text: string }) => one.text);
    expect(texts('assistant').length).toBeGreaterThanOrEqual(2);
    const { errors, words } = wordErrors('What are your opening hours on Monday?', texts('user').join(' '));
    expect(words).toBeGreaterThan(3);
    expect(texts('user').join(' '), `${errors}`).toMatch(/opening hours/i);
    expect(data.durationSec).toBeGreaterThan(4);
    expect(person.atCarrier).toMatchObject({ status: 'completed' });
    expect(data.recordingUrl).toMatch(/^http/);
    expect(person.atCarrier.mediaUrl).toMatch(/^ws:.*\/media\/twilio\/[\w-]{43}$/);
  });

  it('is recorded, both sides, and seen through the other door', async () => {
    const { tenant } = account;
    const stored = await storedCall(tenant, calls.person.callSid);
    const answer = await fetch(server.url + new URL(stored.recordingUrl!).pathname, {
      headers: { 'x-api-key': tenant.key },
    });
    const wav = readWav(new Uint8Array(await answer.arrayBuffer()));
    expect(wav.channels).toHaveLength(2);
    for (const side of wav.channels) expect(side.some((sample) => Math.abs(sample) > 1_000)).toBe(true);
    expect(wav.channels[0]!.length / wav.rateHz).toBeCloseTo(stored.durationSec!, 0);
    expect(stored.transcript).toEqual(dataOf(calls.person).transcript);
  });

  it('to a voicemail box leaves the message of the backend', () => {
    const data = dataOf(calls.message);
    expect(data).toMatchObject({ status: 'completed', endReason: 'voicemail' });
    const said = data.transcript.filter(({ role }: { role: string }) => role === 'assistant');
    expect(said.map(({ text }: { text: string }) => text)).toEqual([
      'This is Acme. Please call us back tomorrow morning. Goodbye.',
    ]);
    expect(data.transcript.at(-1)).toMatchObject({ role: 'system', text: 'Voicemail: message left' });
  });

  it('to a voicemail box that is known early waits for the end of its greeting', () => {
    const data = dataOf(calls.early);
    expect(data).toMatchObject({ status: 'completed', endReason: 'voicemail' });
    expect(data.transcript.at(-1)).toMatchObject({ text: 'Voicemail: message left' });
    const said = data.transcript.filter(({ role }: { role: string }) => role === 'assistant');
    expect(said).toHaveLength(1);
    expect(said[0].interrupted).toBe(false);
    expect(said[0].atMs).toBeGreaterThan(4_000);
    expect(said[0].atMs).toBeLessThan(12_000);
  });

  it('to a voicemail box is hung up without a message', () => {
    expect(dataOf(calls.hungUp)).toMatchObject({
      status: 'completed',
      endReason: 'voicemail',
      durationSec: 0,
    });
    expect(calls.hungUp.atCarrier).toMatchObject({ status: 'completed', mediaUrl: null });
  });

  it('to a busy line, or one that nobody answers in time, has failed', () => {
    expect(dataOf(calls.busy)).toMatchObject({ status: 'failed', endReason: 'busy', durationSec: 0 });
    expect(calls.busy.atCarrier.status).toBe('busy');
    expect(dataOf(calls.nobody)).toMatchObject({ status: 'failed', endReason: 'no_answer', durationSec: 0 });
    expect(calls.nobody.atCarrier.status).toBe('no-answer');
  });

  it('and is not wanted by the backend is not connected', () => {
    expect(dataOf(calls.rejected)).toMatchObject({ status: 'failed', endReason: 'rejected' });
    expect(calls.rejected.atCarrier.mediaUrl).toBeNull();
  });

  it('asks the backend of each call once', () => {
    const asked = receiver.received.filter(({ path }) => path.startsWith('/start'));
    expect(asked.map(({ body }) => body.data.callSid).sort()).toEqual(
      [calls.person, calls.message, calls.early, calls.hungUp, calls.busy, calls.nobody, calls.rejected]
        .map(({ callSid }) => callSid)
        .sort(),
    );
  });

  it('leaves the credentials of its account nowhere', async () => {
    expect(server.printed.join('')).not.toContain(AUTH_TOKEN);
    const dials = await server.rows<{ text: string }>('select d::text as text from dials d');
    expect(dials.length).toBeGreaterThanOrEqual(6);
    for (const { text } of dials) expect(text).not.toContain(AUTH_TOKEN);
    expect(JSON.stringify(receiver.received)).not.toContain(AUTH_TOKEN);
  });

  it('forged reports and answers are refused', async () => {
    const [{ token_hash: hash }] = (await server.rows<{ token_hash: string }>(
      'select token_hash from dials',
    )) as [{ token_hash: string }];
    const post = (token: string, name: string) =>
      fetch(`${server.url}/webhooks/twilio/${token}/${name}`, {
        method: 'POST',
        body: new URLSearchParams({ CallSid: 'CA1', CallStatus: 'busy', SequenceNumber: '99' }),
      });
    for (const name of ['voice', 'status', 'after']) expect((await post(hash, name)).status).toBe(404);
    const token = calls.person.atCarrier.mediaUrl!.split('/').at(-1)!;
    for (const name of ['voice', 'status', 'after']) expect((await post(token, name)).status).toBe(403);
  });
});
