import { guardedHttp } from '#adapters/fetch/guarded';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import type { Call } from '#core/calls/call';
import type { OutboundOrder } from '#core/dialing/service';
import type { DialOrder, SignedRequest } from '#core/ports';
import type { Services } from '#core/services';
import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { type Backend, openBackend } from '#test/core/backend';
import { openPlatform, type Platform } from '#test/core/platform';

export const TO = '+15559876543';

/** A platform that dials, with a backend that it may ask. */
export interface DialingRig {
  readonly p: Platform;
  readonly services: Services;
  readonly backend: Backend;
  /** Forgets what was asked, dialed and hung up. */
  reset(): void;
  /** A tenant with a number to call from. */
  caller(plan?: string): Promise<{ scope: Scope; from: string }>;
  /** The addresses of the backend. */
  callbacks(): OutboundOrder['callbacks'];
  /** A call that has been ordered, as the carrier knows it. */
  placed(over?: Partial<OutboundOrder>, plan?: string): Promise<Awaited<ReturnType<typeof placed>>>;
  /** The jobs that tell of a call: the path they tell, and the incident. */
  jobsOf(callId: CallId): Promise<(readonly [string, string | null])[]>;
  close(): Promise<void>;
}

export async function openDialing(): Promise<DialingRig> {
  const [p, backend] = await Promise.all([openPlatform(), openBackend()]);
  const http = guardedHttp({ allow: [backend.host] });
  const services = p.with({ urls: http });
  let lastNumber = 0;
  const rig: DialingRig = {
    p,
    services,
    backend,
    reset() {
      backend.asked.length = 0;
      backend.replies = [];
      p.telephony.dialed.length = 0;
      p.telephony.hungUp.length = 0;
    },
    async caller(plan = 'payg') {
      const { scope } = await p.tenant(plan);
      const from = `+1555${String(++lastNumber).padStart(7, '0')}`;
      await services.numbers.add(scope, { e164: from });
      return { scope, from };
    },
    callbacks: () => ({
      startUrl: `${backend.origin}/start`,
      endUrl: `${backend.origin}/end`,
      errorUrl: `${backend.origin}/error`,
    }),
    placed: (over = {}, plan) => placed(rig, over, plan),
    jobsOf: (callId) => jobsOf(p, callId),
    async close() {
      await Promise.all([http.close(), backend.close()]);
      await p.close();
    },
  };
  return rig;
}

export const order = (from: string, over: Partial<OutboundOrder> = {}): OutboundOrder => ({
  to: TO,
  from,
  callbacks: NO_CALLBACKS,
  metadata: { customerId: 'cust_1' },
  account: null,
  machineDetection: null,
  timeoutSec: 30,
  ...over,
});

export const tokenOf = (dialed: DialOrder | undefined) => new URL(dialed!.answerUrl).pathname.split('/')[3]!;

/** A request of the carrier; the platform's own account signs nothing here. */
export const told = (form: Record<string, string>, signature?: string): SignedRequest => ({
  method: 'POST',
  url: 'https://patchbay.example/webhooks',
  headers: { 'x-twilio-signature': signature },
  rawBody: new Uint8Array(),
  form,
});

async function placed({ p, services, caller }: DialingRig, over: Partial<OutboundOrder>, plan?: string) {
  const { scope, from } = await caller(plan);
  const { callId, callSid } = await services.dialing.call(scope, order(from, over));
  const token = tokenOf(p.telephony.dialed.at(-1));
  const call = (): Promise<Call> => services.calls.get(scope, callId);
  const report = (CallStatus: string, sequence: number) => {
    const form = { CallSid: callSid, CallStatus, SequenceNumber: String(sequence) };
    return services.dialing.report(token, told(form));
  };
  const answer = (form: Record<string, string> = {}, hasRoom = true) =>
    services.dialing.answer(token, told({ CallSid: callSid, CallStatus: 'in-progress', ...form }), {
      hasRoom,
    });
  const connected = async (form: Record<string, string> = {}) => {
    const answered = await answer(form);
    if (answered.does !== 'connect') throw new Error(`not connected: ${JSON.stringify(answered)}`);
    return services.admission.redeem(answered.token);
  };
  return { scope, from, callId, callSid, token, call, report, answer, connected };
}

async function jobsOf(p: Platform, callId: CallId) {
  const rows = await p.rows<{ payload: { url: string; error?: { event: { data: { incident: string } } } } }>(
    `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
     where t.identifier = 'call-webhook' and payload->>'callId' = $1 order by j.id`,
    [callId],
  );
  return rows.map(
    ({ payload }) => [new URL(payload.url).pathname, payload.error?.event.data.incident ?? null] as const,
  );
}
