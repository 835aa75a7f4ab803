import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import type { Call } from '#core/calls/call';
import type { OutboundOrder } from '#core/dialing/service';
import type { DialOrder, SignedRequest } from '#core/ports';
import type { Services } from '#core/services';
import { DomainError } from '#kernel/errors';
import type { Scope } from '#kernel/scope';
import { type Backend, openBackend, says } from '#test/core/backend';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';
import { eventually } from '#test/support/until';

const TO = '+15559876543';
const ACCOUNT = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'the-tenants-own-token' };

let p: Platform;
let http: GuardedHttp;
let backend: Backend;
let services: Services;

beforeAll(async () => {
  p = await openPlatform();
  backend = await openBackend();
  http = guardedHttp({ allow: [backend.host] });
  services = p.with({ urls: http });
});
beforeEach(() => {
  backend.asked.length = 0;
  backend.replies = [];
  p.telephony.dialed.length = 0;
  p.telephony.hungUp.length = 0;
});
afterAll(async () => {
  await Promise.all([http.close(), backend.close()]);
  await p.close();
});

let lastNumber = 0;

/** A tenant with a number to call from. */
async function caller(plan = 'payg'): Promise<{ scope: Scope; from: string }> {
  const { scope } = await p.tenant(plan);
  const from = `+1555${String(++lastNumber).padStart(7, '0')}`;
  await services.numbers.add(scope, { e164: from });
  return { scope, from };
}

const order = (from: string, over: Partial<OutboundOrder> = {}): OutboundOrder => ({
  to: TO,
  from,
  callbacks: NO_CALLBACKS,
  metadata: { customerId: 'cust_1' },
  account: null,
  machineDetection: null,
  timeoutSec: 30,
  ...over,
});

const callbacks = () => ({
  startUrl: `${backend.origin}/start`,
  endUrl: `${backend.origin}/end`,
  errorUrl: `${backend.origin}/error`,
});

const tokenOf = (dialed: DialOrder | undefined) => new URL(dialed!.answerUrl).pathname.split('/')[3]!;

/** A request of the carrier; the platform's own account signs nothing here. */
const told = (form: Record<string, string>, signature?: string): SignedRequest => ({
  method: 'POST',
  url: 'https://patchbay.example/webhooks',
  headers: { 'x-twilio-signature': signature },
  rawBody: new Uint8Array(),
  form,
});

/** A call that has been ordered, as the carrier knows it. */
async function placed(over: Partial<OutboundOrder> = {}, plan?: string) {
  const { scope, from } = await caller(plan);
  const { callId, callSid } = await services.dialing.call(scope, order(from, over));
  const token = tokenOf(p.telephony.dialed.at(-1));
  const call = (): Promise<Call> => services.calls.get(scope, callId);
  const report = (CallStatus: string, sequence: number, more: Record<string, string> = {}) =>
    services.dialing.report(
      token,
      told({ CallSid: callSid, CallStatus, SequenceNumber: String(sequence), ...more }),
    );
  const answer = (form: Record<string, string> = {}, hasRoom = true) =>
    services.dialing.answer(token, told({ CallSid: callSid, CallStatus: 'in-progress', ...form }), {
      hasRoom,
    });
  return { scope, from, callId, callSid, token, call, report, answer };
}

const wasAsked = (path: string, times = 1) =>
  eventually(
    async () => backend.asked.filter((one) => one.path === path).length,
    (n) => n >= times,
  );

/** The jobs that tell of a call, by the address they tell. */
const jobsOf = async (callId: string) =>
  (
    await p.rows<{ payload: { url: string; error?: { event: { data: { incident: string } } } } }>(
      `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
       where t.identifier = 'call-webhook' and payload->>'callId' = $1 order by j.id`,
      [callId],
    )
  ).map(({ payload }) => [new URL(payload.url).pathname, payload.error?.event.data.incident ?? null]);

describe('ordering a call (V-27, V-31)', () => {
  it('stores it, dials it and answers with the carrier’s id', async () => {
    const { scope, from } = await caller();
    const answer = await services.dialing.call(
      scope,
      order(from, { machineDetection: 'Enable', timeoutSec: 45 }),
    );
    expect(answer).toMatchObject({ callSid: expect.stringMatching(/^CA/), status: 'queued' });
    expect(await services.calls.get(scope, answer.callId)).toMatchObject({
      status: 'active',
      direction: 'outbound',
      ...{ from, to: TO, carrierRef: answer.callSid, answeredAt: null, metadata: { customerId: 'cust_1' } },
    });
    const [dialed] = p.telephony.dialed;
    expect(dialed).toMatchObject({ to: TO, from, timeoutSec: 45, machineDetection: 'Enable', account: null });
    expect(dialed!.answerUrl).toMatch(/\/webhooks\/twilio\/[\w-]{43}\/voice$/);
    expect(dialed!.statusUrl).toBe(dialed!.answerUrl.replace('/voice', '/status'));
    const entries = await p.rows('select * from audit_entries where target = $1', [answer.callId]);
    expect(entries).toMatchObject([{ action: 'call.placed', tenant_id: scope.tenantId }]);
  });

  it('is for the tenant’s own numbers only, and those in use', async () => {
    const mine = await caller();
    const other = await caller();
    const refused = { code: 'forbidden' };
    await expect(services.dialing.call(mine.scope, order(other.from))).rejects.toMatchObject(refused);
    await expect(services.dialing.call(mine.scope, order('+15550000000'))).rejects.toMatchObject(refused);
    const [number] = await services.numbers.list(mine.scope);
    await services.numbers.remove(mine.scope, number!.id);
    await expect(services.dialing.call(mine.scope, order(mine.from))).rejects.toMatchObject(refused);
    expect(p.telephony.dialed).toEqual([]);
  });

  it.each([
    ['inactive', 'payment_required'],
    ['suspended', 'forbidden'],
  ] as const)('is refused to a tenant that is %s', async (status, code) => {
    const { scope, from } = await caller();
    await services.oversight.updateTenant(scope.tenantId, { status });
    await expect(services.dialing.call(scope, order(from))).rejects.toMatchObject({ code });
    expect(p.telephony.dialed).toEqual([]);
  });

  it.each([
    ['to', { to: '911' }],
    ['timeoutSec', { timeoutSec: 4 }],
    ['timeoutSec', { timeoutSec: 121 }],
    ['account.accountSid', { account: { ...ACCOUNT, accountSid: '../Accounts' } }],
    ['account.authToken', { account: { ...ACCOUNT, authToken: '' } }],
    ['callbacks.startUrl', { callbacks: { ...NO_CALLBACKS, startUrl: 'http://10.0.0.1/start' } }],
  ] as const)('refuses a wrong %s and stores nothing', async (field, over) => {
    const { scope, from } = await caller();
    await expect(services.dialing.call(scope, order(from, over))).rejects.toMatchObject({
      code: 'invalid',
      field,
    });
    expect(await services.calls.count(scope)).toBe(0);
  });

  it('takes a place of the plan while it rings, also of several at once', async () => {
    const { scope, from } = await caller('free');
    const attempts = [1, 2, 3, 4].map(() => services.dialing.call(scope, order(from)));
    expect(await outcomes(attempts)).toEqual({ won: 2, codes: ['quota', 'quota'] });
    expect(p.telephony.dialed).toHaveLength(2);
  });

  it('keeps the tenant’s account sealed, and forgets it some time after the end', async () => {
    const call = await placed({ account: ACCOUNT });
    expect(p.telephony.dialed[0]!.account).toEqual(ACCOUNT);
    const everything = await p.rows<{ text: string }>(
      'select d::text as text from dials d where call_id = $1',
      [call.callId],
    );
    expect(everything[0]!.text).not.toContain(ACCOUNT.authToken);
    expect(everything[0]!.text).not.toContain(call.token);
    await services.dialing.hangUp(call.scope, call.callId);
    expect(p.telephony.hungUp).toEqual([{ account: ACCOUNT, ref: call.callSid }]);
    const accounts = () =>
      p.rows('select account from dials where call_id = $1 and account is not null', [call.callId]);
    await services.dialing.sweep();
    expect(await accounts()).toHaveLength(1);
    p.clock.advance(16 * 60_000);
    await services.dialing.sweep();
    expect(await accounts()).toEqual([]);
  });
});

describe('a carrier that does not take the call', () => {
  it('leaves it stored as failed, its backend told, and the refusal with who ordered', async () => {
    const { scope, from } = await caller();
    p.telephony.failure = new DomainError('invalid', 'Twilio refused: no such number', { field: 'to' });
    const refused = services.dialing.call(scope, order(from, { callbacks: callbacks() }));
    await expect(refused).rejects.toMatchObject({ code: 'invalid', field: 'to' });
    const [call] = (await services.calls.list(scope)).items;
    expect(call).toMatchObject({ status: 'failed', endReason: 'failed', durationMs: 0, carrierRef: null });
    expect(await jobsOf(call!.id)).toEqual([
      ['/end', null],
      ['/error', 'dial_failed'],
    ]);
    expect(backend.asked).toEqual([]);
  });

  it('that is silent has failed too, and is hung up on when it asks all the same', async () => {
    const { scope, from } = await caller();
    p.telephony.meanwhile = async () => {
      p.telephony.meanwhile = async () => {};
      throw new DOMException('too slow', 'TimeoutError');
    };
    await expect(services.dialing.call(scope, order(from))).rejects.toMatchObject({ code: 'upstream' });
    const token = tokenOf(p.telephony.dialed.at(-1));
    const answer = await services.dialing.answer(token, told({ CallSid: 'CA1' }), { hasRoom: true });
    expect(answer).toEqual({ does: 'hang up' });
    expect((await services.calls.list(scope)).items[0]).toMatchObject({ status: 'failed', carrierRef: null });
  });

  it('and a server that dies while it dials: the call is closed, and never dialed again', async () => {
    const { scope, from } = await caller();
    let died: () => void = () => {};
    const death = new Promise<void>((resolve) => {
      died = resolve;
    });
    p.telephony.meanwhile = () => death;
    void services.dialing.call(scope, order(from, { callbacks: callbacks() })).catch(() => {});
    await eventually(
      async () => p.telephony.dialed.length,
      (n) => n === 1,
    );
    p.telephony.meanwhile = async () => {};
    const [call] = (await services.calls.list(scope)).items;
    expect(await services.lifecycle.recoverOrphans('test-node')).toEqual([call!.id]);
    expect((await services.calls.list(scope)).items[0]).toMatchObject({
      status: 'failed',
      endReason: 'failed',
    });
    expect((await jobsOf(call!.id)).map(([path]) => path)).toEqual(['/end', '/error']);
    expect(p.telephony.dialed).toHaveLength(1);
    died();
  });

  it('leaves a call alone that rings when its server starts again', async () => {
    const { call } = await placed();
    expect(await services.lifecycle.recoverOrphans('test-node')).toEqual([]);
    expect(await call()).toMatchObject({ status: 'active' });
  });
});

describe('the carrier’s reports', () => {
  it.each([
    ['busy', 'busy', 'failed'],
    ['no-answer', 'no_answer', 'failed'],
    ['failed', 'failed', 'failed'],
    ['canceled', 'ended_by_operator', 'completed'],
    ['completed', 'caller_hung_up', 'completed'],
  ])('end a call that was %s', async (status, endReason, shown) => {
    const { report, call, callId } = await placed({ callbacks: { ...callbacks(), errorUrl: null } });
    await report('initiated', 0);
    await report('ringing', 1);
    expect(await call()).toMatchObject({ status: 'active' });
    p.clock.advance(9_000);
    await report(status, 2);
    const ended = await call();
    expect(ended).toMatchObject({ status: shown, endReason, durationMs: 0, answeredAt: null });
    expect(ended.endedAt).toEqual(new Date(p.clock.nowMs()));
    expect(await jobsOf(callId)).toEqual([['/end', null]]);
  });

  it('change nothing when they are late, doubled or out of order', async () => {
    const { report, call, callId } = await placed({ callbacks: callbacks() });
    const status = async () =>
      (await p.rows<{ status: string }>('select status from dials where call_id = $1', [callId]))[0]!.status;
    await report('ringing', 1);
    await report('initiated', 0);
    expect(await status()).toBe('ringing');
    await report('busy', 3);
    const ended = await call();
    await report('in-progress', 2);
    await report('busy', 3);
    await report('completed', 4);
    await report('nonsense', 5);
    expect(await status()).toBe('busy');
    expect(await call()).toEqual(ended);
    expect(await jobsOf(callId)).toEqual([['/end', null]]);
    const usage = await p.rows('select * from usage_rows where call_id = $1', [callId]);
    expect(usage).toHaveLength(1);
  });

  it('of one moment end the call once', async () => {
    const { report, callId } = await placed({ callbacks: callbacks() });
    await Promise.all([1, 2, 3, 4].map((n) => report('no-answer', n)));
    expect(await jobsOf(callId)).toEqual([['/end', null]]);
  });

  it('end a live call whose media did not tell', async () => {
    const { report, answer, scope, callId } = await placed();
    const connected = await answer();
    if (connected.does !== 'connect') throw new Error('not connected');
    const redeemed = await services.admission.redeem(connected.token);
    await services.lifecycle.begin(redeemed, { nodeId: 'node-9', carrierRef: null });
    p.telephony.live.add(callId);
    await report('completed', 3);
    expect(p.telephony.live.has(callId)).toBe(false);
    expect(await services.calls.get(scope, callId)).toMatchObject({ status: 'active', nodeId: 'node-9' });
  });

  it('that are forged, or of no call, are refused and change nothing', async () => {
    const { token, call, report } = await placed({ account: ACCOUNT });
    await expect(report('busy', 1)).rejects.toMatchObject({ code: 'forbidden' });
    const forged = services.dialing.report(token, told({ CallStatus: 'busy', SequenceNumber: '1' }, 'other'));
    await expect(forged).rejects.toMatchObject({ code: 'forbidden' });
    const answer = services.dialing.answer(token, told({}, 'other'), { hasRoom: true });
    await expect(answer).rejects.toMatchObject({ code: 'forbidden' });
    await expect(services.dialing.report('nobody', told({}))).rejects.toMatchObject({ code: 'not_found' });
    expect(await call()).toMatchObject({ status: 'active' });
    await services.dialing.report(
      token,
      told({ CallStatus: 'busy', SequenceNumber: '1' }, ACCOUNT.authToken),
    );
    expect(await call()).toMatchObject({ endReason: 'busy' });
  });

  it('that never come are made up for: nobody answered, or the media never opened', async () => {
    const silent = await placed({ timeoutSec: 30 });
    const unopened = await placed({ timeoutSec: 30 });
    const fresh = await placed({ timeoutSec: 120 });
    await unopened.answer();
    p.clock.advance(185_000);
    expect(await services.dialing.sweep()).toBeGreaterThanOrEqual(2);
    expect(await silent.call()).toMatchObject({ status: 'failed', endReason: 'no_answer' });
    expect(await unopened.call()).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect(await fresh.call()).toMatchObject({ status: 'active' });
    expect(p.telephony.hungUp.map(({ ref }) => ref)).toContain(silent.callSid);
    await silent.report('completed', 7);
    expect(await silent.call()).toMatchObject({ endReason: 'no_answer' });
  });
});

describe('a person who answers', () => {
  it('is connected, and the call goes on from then', async () => {
    const { scope, answer, call, callId, callSid, from } = await placed({ variables: { name: 'Ann' } });
    p.clock.advance(8_000);
    const connected = await answer();
    if (connected.does !== 'connect') throw new Error('not connected');
    expect(connected.callId).toBe(callId);
    const redeemed = await services.admission.redeem(connected.token);
    expect(redeemed).toMatchObject({
      ...{ callId, direction: 'outbound', from, to: TO, carrierRef: callSid },
      ...{ voicemailMessage: null, metadata: { customerId: 'cust_1' }, variables: { name: 'Ann' } },
    });
    await services.lifecycle.begin(redeemed, { nodeId: 'node-2', carrierRef: null });
    const live = await call();
    expect(live).toMatchObject({ status: 'active', nodeId: 'node-2', carrierRef: callSid });
    expect(live.answeredAt!.getTime() - live.startedAt.getTime()).toBe(8_000);
    p.clock.advance(60_000);
    await services.lifecycle.finish(scope, callId, { reason: 'agent_ended', durationMs: 60_000 });
    const ended = await call();
    expect(ended.endedAt!.getTime() - ended.answeredAt!.getTime()).toBe(60_000);
    expect(await answer()).toEqual({ does: 'hang up' });
  });

  it('hears an apology where there is no room, and the call has failed', async () => {
    const { answer, call, callId } = await placed({ callbacks: callbacks() });
    expect(await answer({}, false)).toMatchObject({ does: 'say' });
    expect(await call()).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect((await jobsOf(callId)).map(([path]) => path)).toEqual(['/end', '/error']);
  });

  it('is spoken with as the backend wished while it rang, which is asked once', async () => {
    backend.replies = [says(200, { firstMessage: 'Hello Ann.', metadata: { seen: 1 } })];
    const { answer, call, callId } = await placed({ callbacks: callbacks() });
    await wasAsked('/start');
    await eventually(
      () => p.rows('select 1 from dials where call_id = $1 and asked_at is not null', [callId]),
      (rows) => rows.length === 1,
    );
    const connected = await answer();
    if (connected.does !== 'connect') throw new Error('not connected');
    const redeemed = await services.admission.redeem(connected.token);
    expect(redeemed.assistant.persona.greeting).toBe('Hello Ann.');
    expect(backend.asked.map(({ path }) => path)).toEqual(['/start']);
    await services.lifecycle.begin(redeemed, { nodeId: 'n', carrierRef: null });
    expect((await call()).metadata).toMatchObject({ customerId: 'cust_1', seen: 1 });
  });

  it('of a call that the backend does not want is not connected', async () => {
    backend.replies = [says(200, { reject: true })];
    const { answer, call, callSid } = await placed({ callbacks: callbacks() });
    expect(await answer()).toEqual({ does: 'hang up' });
    expect(await call()).toMatchObject({ status: 'failed', endReason: 'rejected' });
    await eventually(
      async () => p.telephony.hungUp.map(({ ref }) => ref),
      (refs) => refs.includes(callSid),
    );
  });
});

describe('a machine that answers', () => {
  const withMessage = () => [says(200, { voicemailMessage: 'Please call us back, {{name}}.' })];

  it.each(['Enable', 'DetectMessageEnd'] as const)(
    'is hung up on without a message (%s)',
    async (machineDetection) => {
      const { answer, call } = await placed({ machineDetection });
      expect(await answer({ AnsweredBy: 'machine_start' })).toEqual({ does: 'hang up' });
      expect(await call()).toMatchObject({ status: 'completed', endReason: 'voicemail', durationMs: 0 });
    },
  );

  it.each([
    ['Enable', 'machine_start'],
    ['DetectMessageEnd', 'machine_end_beep'],
    ['DetectMessageEnd', 'machine_end_silence'],
  ] as const)('is left the message (%s, %s)', async (machineDetection, AnsweredBy) => {
    backend.replies = withMessage();
    const { answer } = await placed({ machineDetection, callbacks: callbacks() });
    const connected = await answer({ AnsweredBy });
    if (connected.does !== 'connect') throw new Error('not connected');
    const { voicemailMessage } = await services.admission.redeem(connected.token);
    expect(voicemailMessage).toBe('Please call us back, {{name}}.');
  });

  it.each(['human', 'unknown'])('is none: %s is spoken with', async (AnsweredBy) => {
    backend.replies = withMessage();
    const { answer } = await placed({ machineDetection: 'Enable', callbacks: callbacks() });
    const connected = await answer({ AnsweredBy });
    if (connected.does !== 'connect') throw new Error('not connected');
    expect((await services.admission.redeem(connected.token)).voicemailMessage).toBeNull();
  });

  it('cannot be spoken to: a fax', async () => {
    backend.replies = withMessage();
    const { answer, call } = await placed({ machineDetection: 'Enable', callbacks: callbacks() });
    expect(await answer({ AnsweredBy: 'fax' })).toEqual({ does: 'hang up' });
    expect(await call()).toMatchObject({ endReason: 'voicemail' });
  });
});

describe('hanging up', () => {
  it('ends a ringing call at the carrier, and is noted', async () => {
    const { scope, callId, callSid, call, report } = await placed();
    await services.dialing.hangUp(scope, callId);
    expect(await call()).toMatchObject({ status: 'completed', endReason: 'ended_by_operator' });
    expect(p.telephony.hungUp).toEqual([{ account: null, ref: callSid }]);
    await report('canceled', 2);
    await services.dialing.hangUp(scope, callId);
    expect(p.telephony.hungUp).toHaveLength(1);
    const entries = await p.rows(
      "select * from audit_entries where action = 'call.hung_up' and target = $1",
      [callId],
    );
    expect(entries).toHaveLength(1);
  });

  it('ends a live call here, and over the carrier where it lives elsewhere', async () => {
    const here = await placed();
    const there = await placed();
    for (const { answer } of [here, there]) {
      const connected = await answer();
      if (connected.does !== 'connect') throw new Error('not connected');
      await services.lifecycle.begin(await services.admission.redeem(connected.token), {
        nodeId: 'n',
        carrierRef: null,
      });
    }
    p.telephony.live.add(here.callId);
    for (const { scope, callId } of [here, there]) await services.dialing.hangUp(scope, callId);
    expect(p.telephony.live.size).toBe(0);
    expect(p.telephony.hungUp).toEqual([{ account: null, ref: there.callSid }]);
  });

  it('is for one’s own calls', async () => {
    const { callId, call } = await placed();
    const stranger = await caller();
    for (const id of [callId, 'call_none', ''])
      await expect(services.dialing.hangUp(stranger.scope, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await call()).toMatchObject({ status: 'active' });
  });
});
