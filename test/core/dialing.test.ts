import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import { DomainError } from '#kernel/errors';
import { type DialingRig, openDialing, order, TO, tokenOf, told } from '#test/core/dialing-rig';
import { outcomes } from '#test/core/platform';
import { eventually } from '#test/support/until';

const ACCOUNT = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'the-tenants-own-token' };

let rig: DialingRig;
let p: DialingRig['p'];
let services: DialingRig['services'];
let backend: DialingRig['backend'];
let placed: DialingRig['placed'];
let callbacks: DialingRig['callbacks'];
let jobsOf: DialingRig['jobsOf'];

beforeAll(async () => {
  rig = await openDialing();
  ({ p, services, backend, placed, callbacks, jobsOf } = rig);
});
beforeEach(() => rig.reset());
afterAll(() => rig.close());

describe('ordering a call (V-27, V-31)', () => {
  it('stores it, dials it and answers with the carrier’s id', async () => {
    const { scope, from } = await rig.caller();
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
    const mine = await rig.caller();
    const other = await rig.caller();
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
    const { scope, from } = await rig.caller();
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
    const { scope, from } = await rig.caller();
    await expect(services.dialing.call(scope, order(from, over))).rejects.toMatchObject({
      code: 'invalid',
      field,
    });
    expect(await services.calls.count(scope)).toBe(0);
  });

  it('takes a place of the plan while it rings, also of several at once', async () => {
    const { scope, from } = await rig.caller('free');
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
    const { scope, from } = await rig.caller();
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
    const { scope, from } = await rig.caller();
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
    const { scope, from } = await rig.caller();
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
    const { report, connected, scope, callId } = await placed();
    const redeemed = await connected();
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
    for (const { connected } of [here, there]) {
      await services.lifecycle.begin(await connected(), {
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
    const stranger = await rig.caller();
    for (const id of [callId, 'call_none', ''])
      await expect(services.dialing.hangUp(stranger.scope, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await call()).toMatchObject({ status: 'active' });
  });
});
