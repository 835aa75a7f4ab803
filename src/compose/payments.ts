import {
  type Deliver,
  type SandboxPayments,
  sandboxPayments,
} from '#adapters/payments/sandbox/sandbox-payments';
import { stripePayments } from '#adapters/payments/stripe/stripe-payments';
import type { Payments } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import { systemClock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import type { Config } from '#src/config';
import type { Keys } from './keys.ts';

/** The vendor of payments. */
export interface PaymentsPort {
  readonly payments: Payments;
  /** Null where payments are Stripe's. */
  readonly sandbox: SandboxPayments | null;
  /** How the sandbox reaches our webhooks; before it is told, its events wait. */
  connect(deliver: Deliver): void;
}

/** Stripe where the configuration names an account, else the sandbox. */
export function openPayments(parts: { config: Config; keys: Keys; uow: UnitOfWork; log: Log }): PaymentsPort {
  const { config, keys, uow, log } = parts;
  const webhookSecret = keys.stripeWebhook;
  const clock = systemClock;
  if (config.stripe) {
    if (config.secrets.stripeWebhookSecret === null) {
      log.warn({}, 'STRIPE_WEBHOOK_SECRET is not set: nothing that Stripe tells will be believed');
    }
    const payments = stripePayments({ ...config.stripe, webhookSecret, clock });
    return { payments, sandbox: null, connect() {} };
  }
  let door: Deliver | null = null;
  const sandbox = sandboxPayments({
    store: uow.system,
    webhookSecret,
    publicUrl: config.publicUrl,
    deliver: async (body, headers) => {
      if (door) return door(body, headers);
      throw new DomainError('unavailable', 'The server is still starting.');
    },
    clock,
    log,
  });
  return {
    payments: sandbox,
    sandbox,
    connect(deliver) {
      door = deliver;
    },
  };
}
