import {
  callError,
  failedCall,
  type Incident,
  type IncidentCall,
  incidentCall,
  incidentId,
} from '#core/callbacks/incident';
import type { Call } from '#core/calls/call';
import type { Tx } from '#core/uow';
import type { CallId, TenantId } from '#kernel/ids';

/** How long the end of a call waits for the analysis that is to be told with it. */
const ANALYSIS_MS = 30_000;

const toAssistant = (callId: CallId) => `call-webhook:${callId}`;
const toBackend = (callId: CallId) => `call-webhook:backend:${callId}`;

/** A receiver that answers slowly or never holds up its own tenant, and two of the workers at most. */
const LANES = 2;

const laneOf = (tenantId: TenantId, callId: CallId) =>
  `call-webhook:${tenantId}:${callId.charCodeAt(callId.length - 1) % LANES}`;

/**
 * Has the end of a call told, to its assistant's address and to its tenant's backend, and its failure where it failed.
 * Belongs into the transaction that ends the call.
 */
export async function announceEnd(
  tx: Tx,
  call: Call,
  { isFailed, why, now }: { isFailed: boolean; why: string | undefined; now: Date },
): Promise<void> {
  const { tenantId, id: callId, callbacks } = call;
  const runAt = new Date(now.getTime() + ANALYSIS_MS);
  const lane = laneOf(tenantId, callId);
  const url = (await tx.assistants.find(call.assistantId))?.endedWebhookUrl ?? null;
  if (url !== null)
    await tx.enqueue('call-webhook', { tenantId, callId, url }, { key: toAssistant(callId), runAt, lane });
  if (callbacks.endUrl !== null) {
    const order = { tenantId, callId, url: callbacks.endUrl, toBackend: true } as const;
    await tx.enqueue('call-webhook', order, { key: toBackend(callId), runAt, lane });
  }
  if (isFailed) await announceIncident(tx, incidentCall(call), failedCall(call, why, now));
}

/** The analysis is there: what waited for it goes out now. */
export async function hastenEnd(tx: Tx, callId: CallId): Promise<void> {
  await tx.hasten(toAssistant(callId));
  await tx.hasten(toBackend(callId));
}

/** Has a fault told to the tenant's backend, where it wants to know; the same one of a call is told once. */
export async function announceIncident(
  tx: Pick<Tx, 'enqueue' | 'deliveries'>,
  call: IncidentCall,
  incident: Incident,
): Promise<void> {
  const { tenantId, callId, callbacks } = call;
  if (callbacks.errorUrl === null) return;
  const webhookId = incidentId(callId, incident);
  if ((await tx.deliveries.tries(callId, webhookId)).length > 0) return;
  const error = { webhookId, event: callError(call, incident) };
  const order = { tenantId, callId, url: callbacks.errorUrl, error };
  const lane = laneOf(tenantId, callId);
  await tx.enqueue('call-webhook', order, { key: `call-webhook:${webhookId}`, lane });
}
