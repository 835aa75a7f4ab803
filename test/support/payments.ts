import { type SandboxPayments, sandboxPayments } from '#adapters/payments/sandbox/sandbox-payments';
import type { Billing } from '#core/billing/service';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { silentLog } from '#kernel/log';

/** The sandbox of payments, whose events go straight to the billing it is connected with. */
export interface TestPayments extends SandboxPayments {
  readonly webhookSecret: string;
  connect(billing: Pick<Billing, 'receive'>): void;
}

export function testPayments(parts: { uow: UnitOfWork; clock: Clock; publicUrl: string }): TestPayments {
  const webhookSecret = 'whsec_of_the_tests';
  let billing: Pick<Billing, 'receive'> | null = null;
  const payments = sandboxPayments({
    store: parts.uow.system,
    webhookSecret,
    publicUrl: parts.publicUrl,
    clock: parts.clock,
    log: silentLog,
    async deliver(body, headers) {
      if (!billing) return 503;
      const rawBody = Buffer.from(body);
      const url = `${parts.publicUrl}/webhooks/stripe`;
      try {
        await billing.receive({ method: 'POST', url, headers, rawBody, form: {} });
        return 200;
      } catch (error) {
        return error instanceof DomainError && error.code === 'forbidden' ? 403 : 503;
      }
    },
  });
  return {
    ...payments,
    webhookSecret,
    connect(to) {
      billing = to;
    },
  };
}
