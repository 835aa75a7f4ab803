import { type Accounts, makeAccounts } from '#core/accounts/service';
import { type Assistants, makeAssistants } from '#core/assistants/service';
import { type Audit, makeAudit } from '#core/audit/service';
import type { BillingDeps } from '#core/billing/billing-deps';
import { type Billing, makeBilling } from '#core/billing/service';
import { type Callbacks, makeCallbacks } from '#core/callbacks/service';
import { type Admission, makeAdmission } from '#core/calls/admission';
import { type CallLifecycle, makeCallLifecycle } from '#core/calls/lifecycle';
import { type Calls, makeCalls } from '#core/calls/service';
import { makeReception, type Reception } from '#core/dialing/reception';
import { type Dialing, type DialingDeps, makeDialing } from '#core/dialing/service';
import { makeTransfers, type Transfers } from '#core/dialing/transfers';
import { type Idempotency, makeIdempotency } from '#core/idempotency/service';
import { type Keys, makeKeys } from '#core/keys/service';
import { makeNodes, type Nodes } from '#core/nodes/service';
import { makeNumbers, type Numbers } from '#core/numbers/service';
import { makePlans, type Plans } from '#core/plans/service';
import type { OutboundHttp, PasswordHasher, Secrets, TokenSigner } from '#core/ports';
import { makeProviders, type Providers } from '#core/providers/service';
import { makeOversight, type Oversight } from '#core/tenants/oversight';
import { makeTenants, type Tenants } from '#core/tenants/service';
import type { UnitOfWork } from '#core/uow';
import { makeUsage, type Usage } from '#core/usage/service';
import { makeWebhooks, type WebhookDeps, type Webhooks } from '#core/webhooks/service';
import type { Clock } from '#kernel/clock';
import type { Log } from '#kernel/log';

/** Every use case of the platform, by noun. */
export interface Services {
  readonly accounts: Accounts;
  readonly tenants: Tenants;
  readonly oversight: Oversight;
  readonly keys: Keys;
  readonly plans: Plans;
  readonly providers: Providers;
  readonly assistants: Assistants;
  readonly numbers: Numbers;
  readonly admission: Admission;
  readonly lifecycle: CallLifecycle;
  readonly calls: Calls;
  readonly usage: Usage;
  readonly billing: Billing;
  readonly webhooks: Webhooks;
  readonly callbacks: Callbacks;
  readonly idempotency: Idempotency;
  readonly audit: Audit;
  readonly dialing: Dialing;
  readonly reception: Reception;
  readonly transfers: Transfers;
  readonly nodes: Nodes;
  /** Stores what must exist from the first start: plans and embedded providers. Bears being run by several nodes. */
  seed(): Promise<void>;
}

export interface ServiceDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly hasher: PasswordHasher;
  readonly tokens: TokenSigner;
  /** Judges the addresses that tenants name, and reaches them. */
  readonly urls: OutboundHttp;
  readonly payments: BillingDeps['payments'];
  /** What every generated absolute URL starts with. */
  readonly publicUrl: string;
  readonly webhooks: Pick<WebhookDeps, 'signingSecret' | 'recordingUrl'>;
  readonly telephony: Pick<DialingDeps, 'carrier' | 'signatures' | 'live' | 'nodeId'>;
  /** Whether a tenant that signs up waits for the operator. */
  readonly approval: 'manual' | 'auto';
}

export function makeServices(deps: ServiceDeps): Services {
  const plans = makePlans(deps);
  const providers = makeProviders(deps);
  const calls = makeCalls(deps);
  const admission = makeAdmission(deps);
  const lifecycle = makeCallLifecycle(deps);
  const callbacks = makeCallbacks({ ...deps, http: deps.urls, signingSecret: deps.webhooks.signingSecret });
  const telephony = { ...deps, ...deps.telephony, admission, lifecycle, callbacks };
  return {
    accounts: makeAccounts(deps),
    tenants: makeTenants(deps),
    oversight: makeOversight(deps),
    keys: makeKeys(deps),
    plans,
    providers,
    assistants: makeAssistants(deps),
    numbers: makeNumbers(deps),
    admission,
    lifecycle,
    calls,
    usage: makeUsage(deps),
    billing: makeBilling(deps),
    callbacks,
    webhooks: makeWebhooks({ uow: deps.uow, clock: deps.clock, http: deps.urls, ...deps.webhooks, calls }),
    idempotency: makeIdempotency(deps),
    audit: makeAudit(deps),
    dialing: makeDialing(telephony),
    reception: makeReception(telephony),
    transfers: makeTransfers(deps),
    nodes: makeNodes(telephony),
    async seed() {
      await plans.seed();
      await providers.seed();
    },
  };
}
