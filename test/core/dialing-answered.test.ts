import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { says } from '#test/core/backend';
import { type DialingRig, openDialing, TO } from '#test/core/dialing-rig';
import { eventually } from '#test/support/until';

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

describe('a person who answers', () => {
  it('is connected, and the call goes on from then', async () => {
    const { scope, answer, connected, call, callId, callSid, from } = await placed({
      variables: { name: 'Ann' },
    });
    p.clock.advance(8_000);
    const redeemed = await connected();
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
    const { connected, call, callId } = await placed({ callbacks: callbacks() });
    await eventually(
      async () => backend.asked.length,
      (n) => n === 1,
    );
    await eventually(
      () => p.rows('select 1 from dials where call_id = $1 and asked_at is not null', [callId]),
      (rows) => rows.length === 1,
    );
    const redeemed = await connected();
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
    const { connected } = await placed({ machineDetection, callbacks: callbacks() });
    const { voicemailMessage } = await connected({ AnsweredBy });
    expect(voicemailMessage).toBe('Please call us back, {{name}}.');
  });

  it.each(['human', 'unknown'])('is none: %s is spoken with', async (AnsweredBy) => {
    backend.replies = withMessage();
    const { connected } = await placed({ machineDetection: 'Enable', callbacks: callbacks() });
    expect((await connected({ AnsweredBy })).voicemailMessage).toBeNull();
  });

  it('cannot be spoken to: a fax', async () => {
    backend.replies = withMessage();
    const { answer, call } = await placed({ machineDetection: 'Enable', callbacks: callbacks() });
    expect(await answer({ AnsweredBy: 'fax' })).toEqual({ does: 'hang up' });
    expect(await call()).toMatchObject({ endReason: 'voicemail' });
  });
});
