import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import type { InboundCall, VoiceAnswer } from '#core/dialing/reception';
import type { Services } from '#core/services';
import type { Scope } from '#kernel/scope';
import { type Backend, hangsUp, openBackend, says } from '#test/core/backend';
import { callSteps, inbound } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

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
});
afterAll(async () => {
  await Promise.all([http.close(), backend.close()]);
  await p.close();
});

let count = 0;

/** A tenant with a number whose calls its backend is asked about. */
async function callee({ asks = true, plan = 'payg' } = {}): Promise<{ scope: Scope; e164: string }> {
  const { scope } = await p.tenant(plan);
  const e164 = `+1555${String(++count).padStart(7, '0')}`;
  const at = (path: string) => `${backend.origin}/${path}`;
  const callbacks = { startUrl: at('start'), endUrl: at('end'), errorUrl: null };
  if (asks) await services.numbers.register(scope, { e164, callbacks });
  else await services.numbers.add(scope, { e164 });
  return { scope, e164 };
}

const ring = (to: string, over: Partial<InboundCall> = {}): Promise<VoiceAnswer> =>
  services.reception.receive({
    from: '+15559876543',
    to,
    carrierRef: `CA${String(++count).padStart(32, '0')}`,
    scope: null,
    hasRoom: true,
    ...over,
  });

const connected = (answer: VoiceAnswer) => {
  if (answer.does !== 'connect') throw new Error(`not connected: ${JSON.stringify(answer)}`);
  return answer;
};

const callsOf = async (scope: Scope) => (await services.calls.list(scope)).items;
const toldAt = (callId: string) =>
  p.rows("select 1 from graphile_worker._private_jobs where key = 'call-webhook:backend:' || $1", [callId]);

describe('a call to a registered number (V-44, V-45)', () => {
  it('is its tenant’s, whose backend is asked, and is as the backend wants it', async () => {
    const { scope, e164 } = await callee();
    backend.replies = [says(200, { firstMessage: 'Acme, hello!', variables: { tier: 'gold' } })];
    const { callId, token } = connected(await ring(e164));
    const [asked] = backend.asked;
    expect(asked).toMatchObject({ path: '/start', method: 'POST' });
    expect(JSON.parse(asked!.body).data).toMatchObject({ callId, to: e164, direction: 'inbound' });
    const order = await services.admission.redeem(token);
    expect(order).toMatchObject({
      ...{ callId, tenantId: scope.tenantId, to: e164, variables: { tier: 'gold' } },
      callbacks: { startUrl: `${backend.origin}/start`, endUrl: `${backend.origin}/end`, errorUrl: null },
    });
    expect(order.assistant.persona.greeting).toBe('Acme, hello!');
  });

  it('is answered by the default assistant where the backend fails or wants nothing', async () => {
    const { e164 } = await callee();
    for (const reply of [hangsUp, says(500), says(204), says(200, {})]) {
      backend.replies = [reply, reply];
      const { token } = connected(await ring(e164));
      const order = await services.admission.redeem(token);
      expect(order.assistant.id).toMatch(/^asst_/);
    }
  });

  it('asks its backend too where the webhook’s address says whose it is', async () => {
    const { scope, e164 } = await callee();
    backend.replies = [says(200, { firstMessage: 'Acme, hello!' })];
    const { token } = connected(await ring(e164, { scope }));
    expect((await services.admission.redeem(token)).assistant.persona.greeting).toBe('Acme, hello!');
  });

  it('that asks for nobody’s opinion is admitted at once', async () => {
    const { e164 } = await callee({ asks: false });
    connected(await ring(e164));
    expect(backend.asked).toEqual([]);
  });

  it('is stored without what no database takes', async () => {
    const { scope, e164 } = await callee();
    backend.replies = [says(200, { reject: true })];
    await ring(e164, { from: 'anonymous\u0000\u0007', carrierRef: 'CA\u00001' });
    expect((await callsOf(scope))[0]).toMatchObject({ from: 'anonymous', carrierRef: 'CA1' });
  });

  it.each(['busy', 'rejected'] as const)('is not answered where the backend says %s', async (reason) => {
    const { scope, e164 } = await callee();
    backend.replies = [says(200, { reject: { reason } })];
    expect(await ring(e164)).toEqual({ does: 'reject', reason });
    const [call] = await callsOf(scope);
    expect(call).toMatchObject({
      status: 'failed',
      endReason: reason,
      durationMs: 0,
      direction: 'inbound',
      to: e164,
    });
    expect(await toldAt(call!.id)).toHaveLength(1);
  });

  it('whose media never open is stored as failed once its ticket has expired, and its backend told', async () => {
    const { scope, e164 } = await callee();
    const carrierRef = 'CA000000000000000000000000000000ff';
    const { callId } = connected(await ring(e164, { carrierRef }));
    connected(await ring(e164, { carrierRef }));
    const quiet = await callee({ asks: false });
    connected(await ring(quiet.e164));
    p.clock.advance(61_000);
    expect(await services.admission.sweep()).toBeGreaterThanOrEqual(3);
    const calls = await callsOf(scope);
    // The carrier asked twice about one call.
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ status: 'failed', endReason: 'failed', carrierRef });
    expect(calls[0]!.startedAt.getTime()).toBe(p.clock.nowMs() - 61_000);
    expect(await toldAt(calls[0]!.id)).toHaveLength(1);
    expect(calls[0]!.id === callId || calls[0]!.id.startsWith('call_')).toBe(true);
    expect(await callsOf(quiet.scope)).toEqual([]);
    expect(await services.admission.sweep()).toBe(0);
  });
});

describe('a call that is not taken', () => {
  it('to a number of nobody’s hears so', async () => {
    expect(await ring('+15550009999')).toEqual({
      does: 'say',
      text: expect.stringMatching(/not in service/),
    });
  });

  it.each(['inactive', 'suspended', 'pending'] as const)(
    'of a tenant that is %s is rejected',
    async (status) => {
      const { scope, e164 } = await callee();
      await services.oversight.updateTenant(scope.tenantId, { status });
      expect(await ring(e164)).toEqual({ does: 'reject', reason: 'rejected' });
      expect(backend.asked).toEqual([]);
      expect(await callsOf(scope)).toEqual([]);
    },
  );

  it('to a number that is switched off is rejected', async () => {
    const { scope, e164 } = await callee();
    await p.uow.write(scope, async (tx) => {
      const number = await tx.numbers.findByE164(e164);
      await tx.numbers.update(number!.id, { active: false });
    });
    expect(await ring(e164)).toEqual({ does: 'reject', reason: 'rejected' });
  });

  it('beyond the plan’s calls at once, or the server’s, hears polite words, and nobody is asked', async () => {
    const { scope, e164 } = await callee({ plan: 'free' });
    const { begin } = callSteps(() => p);
    for (let i = 0; i < 2; i++) await begin(scope);
    const busy = { does: 'say', text: expect.stringMatching(/try again/) };
    expect(await ring(e164)).toEqual(busy);
    const other = await callee();
    expect(await ring(other.e164, { hasRoom: false })).toEqual(busy);
    expect(backend.asked).toEqual([]);
  });

  it('of a webhook whose address says whose it is: what the tenant must mend is thrown', async () => {
    const { scope, e164 } = await callee();
    const call = { scope, assistantId: 'asst_none' };
    await expect(ring('+15550008888', call)).rejects.toMatchObject({ code: 'not_found' });
    const stranger = await callee();
    // Another tenant's number decides nothing, and its backend is not asked.
    connected(await ring(stranger.e164, { scope }));
    expect(backend.asked).toEqual([]);
    await services.oversight.updateTenant(scope.tenantId, { status: 'suspended' });
    await expect(ring(e164, { scope })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('what nodes share', () => {
  it('a transfer, for a minute and once', async () => {
    await services.transfers.put('CA1', '+15550001111');
    await services.transfers.put('CA1', '+15550002222');
    const taken = await Promise.all([services.transfers.take('CA1'), services.transfers.take('CA1')]);
    expect(taken.sort()).toEqual(['+15550002222', null]);
    await services.transfers.put('CA2', '+15550001111');
    p.clock.advance(60_000);
    expect(await services.transfers.take('CA2')).toBeNull();
    await services.dialing.sweep();
    expect(await p.rows('select * from transfers')).toEqual([]);
  });

  it('the end of a node that died: its calls are ended by another, and nobody else’s', async () => {
    const telephony = p.telephony.deps;
    const nodes = ['died', 'lives'].map((nodeId) => p.with({ telephony: { ...telephony, nodeId } }));
    const [died, lives] = nodes as [Services, Services];
    const { scope } = await p.tenant('payg');
    const { order } = callSteps(() => p);
    const calls: string[] = [];
    for (const nodeId of ['died', 'lives'])
      calls.push((await p.lifecycle.begin(await order(scope, inbound()), { nodeId, carrierRef: null })).id);
    await died.nodes.beat();
    await lives.nodes.beat();
    expect(await lives.nodes.bury()).toEqual([]);
    const pass = (time: string) => p.rows(`update nodes set seen_at = seen_at - interval '${time}'`);
    await pass('61 seconds');
    await lives.nodes.beat();
    expect(await lives.nodes.bury()).toEqual([calls[0]]);
    expect(await lives.nodes.bury()).toEqual([]);
    expect(await services.calls.get(scope, calls[0]!)).toMatchObject({
      status: 'failed',
      endReason: 'failed',
    });
    expect(await services.calls.get(scope, calls[1]!)).toMatchObject({ status: 'active' });
    await pass('25 hours');
    // One that was away for long and comes back is not buried by itself.
    expect(await lives.nodes.bury()).toEqual([]);
    expect(await services.calls.get(scope, calls[1]!)).toMatchObject({ status: 'active' });
  });
});
