import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAgent, type Org, PUBLIC_URL, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
let other: Org;
let agents: [string, string];
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
  other = await api.org();
  agents = [String((await makeAgent(api, org))._id), String((await makeAgent(api, org))._id)];
});
afterAll(() => api[Symbol.asyncDispose]());

const list = (query: Record<string, string> = {}, of = org) =>
  api.ask('listCalls', { token: of.token, query });

describe('before the first call', () => {
  it('X-31 X-33 X-34 lists are empty and counts are 0', async () => {
    expect((await list()).body).toEqual([]);
    expect((await api.ask('countCalls', { token: org.token })).body).toEqual({ count: 0 });
    expect((await api.ask('getUsageAnalytics', { token: org.token })).body).toEqual([]);
  });
});

describe('calls', () => {
  let calls: { id: string; agentId: string; status: string }[];
  let detailed: string;
  beforeAll(async () => {
    const { platform } = api;
    calls = [];
    for (let i = 0; i < 23; i++) {
      const agentId = agents[i % 2]!;
      const status = i % 5 === 0 ? 'failed' : 'completed';
      const id = await platform.storeCall(org.tenantId, { assistantId: agentId, status });
      calls.unshift({ id, agentId, status });
    }
    detailed = await platform.storeCall(org.tenantId, {
      assistantId: agents[0],
      status: 'completed',
      detailed: true,
    });
    calls.unshift({ id: detailed, agentId: agents[0], status: 'completed' });
    const active = await platform.storeCall(org.tenantId, { assistantId: agents[1], status: 'active' });
    calls.unshift({ id: active, agentId: agents[1], status: 'active' });
    await platform.storeCall(other.tenantId, { status: 'completed' });
  });

  const ids = (page: { body: { _id: string }[] }) => page.body.map((call) => call._id);

  it('X-31 20 when nothing is said, newest first, and the rest with skip', async () => {
    expect(ids(await list())).toEqual(calls.slice(0, 20).map((call) => call.id));
    expect(ids(await list({ skip: '20' }))).toEqual(calls.slice(20).map((call) => call.id));
    expect(ids(await list({ skip: '3', limit: '4' }))).toEqual(calls.slice(3, 7).map((call) => call.id));
    expect(ids(await list({ skip: '1000' }))).toEqual([]);
  });

  it('X-31 filters by agent and status, and by both', async () => {
    const expected = (agentId?: string, status?: string) =>
      calls
        .filter((call) => (!agentId || call.agentId === agentId) && (!status || call.status === status))
        .map((call) => call.id);
    const limit = '100';
    expect(ids(await list({ agentId: agents[0], limit }))).toEqual(expected(agents[0]));
    for (const status of ['active', 'completed', 'failed'])
      expect(ids(await list({ status, limit }))).toEqual(expected(undefined, status));
    expect(ids(await list({ agentId: agents[1], status: 'failed', limit }))).toEqual(
      expected(agents[1], 'failed'),
    );
    expect(ids(await list({ agentId: 'asst_none' }))).toEqual([]);
  });

  it.each<Record<string, string>>([
    { status: 'ringing' },
    { skip: '-1' },
    { limit: '0' },
    { limit: 'all' },
    { skip: '1e3' },
  ])('X-31 %j gives 400', async (query) => {
    expect((await list(query)).status).toBe(400);
  });

  it('X-33 the count is of all calls and agrees with list and stats', async () => {
    const { body } = await api.ask('countCalls', { token: org.token });
    expect(body.count).toBe(calls.length);
    expect((await list({ limit: '100' })).body).toHaveLength(body.count);
    expect((await api.ask('getStats', { token: org.token })).body.totalCalls).toBe(body.count);
  });

  it('X-32 a call has transcript, summary, sentiment and metrics, and what the carrier knows', async () => {
    const { body } = await api.ask('getCall', { token: org.token, id: detailed });
    expect(body).toMatchObject({
      _id: detailed,
      agentId: agents[0],
      agentName: 'Sales Bot',
      status: 'completed',
      callSid: expect.stringMatching(/^CA/),
      from: '+15559876543',
      to: '+15551234567',
      direction: 'inbound',
      type: 'phone',
      durationSec: 12.5,
      endReason: 'caller_hung_up',
      recordingUrl: `${PUBLIC_URL}/voicex/api/dashboard/calls/${detailed}/recording`,
      summary: 'The caller asked about prices.',
      sentiment: 'positive',
    });
    expect(Date.parse(body.endedAt)).toBeGreaterThanOrEqual(Date.parse(body.startedAt));
    expect(body.transcript.map((entry: { role: string; text: string }) => [entry.role, entry.text])).toEqual([
      ['assistant', 'Hi! How can I help?'],
      ['user', 'What does it cost?'],
      ['user', '[DTMF 5]'],
      ['assistant', 'It costs five'],
    ]);
    expect(body.transcript[3]).toMatchObject({
      interrupted: true,
      atMs: expect.any(Number),
      endMs: expect.any(Number),
    });
    expect(body.metrics).toMatchObject({
      turns: [
        {
          voiceToVoiceMs: 700,
          stages: { endpointMs: 300, sttMs: 100, llmFirstTokenMs: 150, ttsFirstByteMs: 100, playMs: 50 },
        },
      ],
      voiceToVoiceMs: { p50: 700, p95: 700 },
      interruptions: 1,
    });
  });

  it('X-32 an active call can be looked at while it runs', async () => {
    const { body } = await api.ask('getCall', { token: org.token, id: calls[0]!.id });
    expect(body).toMatchObject({
      status: 'active',
      endedAt: null,
      durationSec: null,
      recordingUrl: null,
      summary: null,
    });
  });

  it('X-05 X-07 another organization’s, unknown and malformed ids', async () => {
    expect((await api.ask('getCall', { token: other.token, id: detailed })).status).toBe(404);
    expect((await list({}, other)).body).toHaveLength(1);
    expect((await api.ask('countCalls', { token: other.token })).body.count).toBe(1);
    for (const id of ['x', 'call_00000000000000000000000000', '%00', "'"])
      expect([400, 404]).toContain((await api.ask('getCall', { token: org.token, id })).status);
  });

  it('X-18 stats add up', async () => {
    const { body } = await api.ask('getStats', { token: org.token });
    expect(body.activeAgents).toBe(2);
    expect(body.totalMinutes).toBeGreaterThan(0);
    expect(body.averageDuration).toBeGreaterThan(0);
  });

  it('X-34 usage by day, none older than asked for', async () => {
    const { body } = await api.ask('getUsageAnalytics', { token: org.token, query: { days: '1' } });
    const today = new Date().toISOString().slice(0, 10);
    expect(body.map((day: { date: string }) => day.date)).toEqual([today]);
    expect(body[0].calls).toBeGreaterThan(0);
    expect(body[0].tokens).toBe(120);
    expect(body[0].ttsChars).toBe(40);
    for (const days of ['0', '-3', 'x', '1.5', '100000'])
      expect((await api.ask('getUsageAnalytics', { token: org.token, query: { days } })).status).toBe(400);
  });

  describe('recordings', () => {
    const fetchIt = (headers: Record<string, string> = {}, id = detailed, token = org.token) =>
      api.app.inject({
        url: `/voicex/api/dashboard/calls/${id}/recording`,
        headers: { authorization: `Bearer ${token}`, ...headers },
      });

    it('come whole, as WAV', async () => {
      const answer = await fetchIt();
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({ 'content-type': 'audio/wav', 'accept-ranges': 'bytes' });
      expect(answer.rawPayload).toEqual(Buffer.from(api.platform.recording));
      expect(answer.headers['content-length']).toBe(String(api.platform.recording.length));
    });

    it.each([
      ['bytes=0-3', 0, 4],
      ['bytes=4-', 4, undefined],
      ['bytes=-6', -6, undefined],
      ['bytes=2-100000', 2, undefined],
    ])('in part: %s', async (range, from, to) => {
      const whole = Buffer.from(api.platform.recording);
      const answer = await fetchIt({ range });
      expect(answer.statusCode).toBe(206);
      const expected = whole.subarray(from < 0 ? whole.length + from : from, to);
      expect(answer.rawPayload).toEqual(expected);
      const start = from < 0 ? whole.length + from : from;
      expect(answer.headers['content-range']).toBe(
        `bytes ${start}-${start + expected.length - 1}/${whole.length}`,
      );
    });

    it('a range outside is refused, one of an unknown form passed over', async () => {
      const outside = await fetchIt({ range: 'bytes=100000-' });
      expect(outside.statusCode).toBe(400);
      expect(outside.json()).toEqual({ error: expect.any(String) });
      expect((await fetchIt({ range: 'bytes=0-1,4-5' })).statusCode).toBe(200);
      expect((await fetchIt({ range: 'lines=1-2' })).statusCode).toBe(200);
    });

    it('need the organization’s own credential, and a call that was recorded', async () => {
      expect((await fetchIt({}, detailed, other.token)).statusCode).toBe(404);
      expect((await fetchIt({ authorization: '' })).statusCode).toBe(401);
      const unrecorded = await fetchIt({}, calls[2]!.id);
      expect(unrecorded.statusCode).toBe(404);
      expect(unrecorded.json()).toEqual({ error: expect.any(String) });
    });
  });
});
