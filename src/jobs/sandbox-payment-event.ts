import type { JobPayloads } from '#core/jobs';

export interface PaymentSandbox {
  /** Delivers an event unless it was taken before. Throws where it is not taken. */
  deliverEvent(eventId: string): Promise<void>;
}

/** Brings an event of the sandbox of payments to our webhooks. Where payments are real by now, nobody waits for it. */
export function sandboxPaymentEvent(deps: { paymentSandbox: PaymentSandbox | null }) {
  return async ({ eventId }: JobPayloads['sandbox-payment-event']): Promise<void> => {
    await deps.paymentSandbox?.deliverEvent(eventId);
  };
}
