import { and, asc, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import type { Checkout } from '#core/billing/checkout';
import type { Balances, LedgerAccount } from '#core/billing/ledger';
import type { MeterReport } from '#core/billing/meter-report';
import type { BillingDirectory, BillingRepo } from '#core/billing/repo';
import type { CheckoutId, TenantId } from '#kernel/ids';
import { checkouts, ledgerEntries, meterReports, paymentEvents, subscriptions } from '../tables/billing.ts';
import { type Session, single } from './session.ts';

export function billingRepo(session: Session, tenantId: TenantId): BillingRepo {
  return {
    ...subscriptionsOf(session, tenantId),
    ...checkoutsOf(session, tenantId),
    ...postingsOf(session, tenantId),
    ...reportsOf(session, tenantId),
  };
}

function subscriptionsOf(session: Session, tenantId: TenantId) {
  const own = eq(subscriptions.tenantId, tenantId);
  const found = async () => single(await session.select().from(subscriptions).where(own));
  return {
    subscription: found,
    async addCustomer(customerRef, at) {
      const row = { tenantId, customerRef, status: 'incomplete', hasPaymentMethod: false } as const;
      await session
        .insert(subscriptions)
        .values({ ...row, statusAt: at, createdAt: at })
        .onConflictDoNothing({ target: subscriptions.tenantId });
      return (await found())!;
    },
    saveSubscription: async (subscription) =>
      void (await session.update(subscriptions).set(subscription).where(own)),
    setPaymentMethod: async (hasPaymentMethod) =>
      void (await session.update(subscriptions).set({ hasPaymentMethod }).where(own)),
  } satisfies Partial<BillingRepo>;
}

function checkoutsOf(session: Session, tenantId: TenantId) {
  const own = eq(checkouts.tenantId, tenantId);
  return {
    insertCheckout: async (checkout) =>
      void (await session.insert(checkouts).values({ ...checkout, tenantId })),
    openCheckout: async () =>
      single<Checkout>(
        await session
          .select()
          .from(checkouts)
          .where(and(own, eq(checkouts.status, 'open')))
          .orderBy(desc(checkouts.createdAt), desc(checkouts.id))
          .limit(1),
      ),
    updateCheckout: async (id, change) =>
      void (await session
        .update(checkouts)
        .set(change)
        .where(and(own, eq(checkouts.id, id)))),
  } satisfies Partial<BillingRepo>;
}

function postingsOf(session: Session, tenantId: TenantId) {
  const own = eq(ledgerEntries.tenantId, tenantId);
  const sums = (account: typeof ledgerEntries.debit | typeof ledgerEntries.credit) =>
    session
      .select({ account, micros: sql`sum(${ledgerEntries.amountMicros})`.mapWith(Number) })
      .from(ledgerEntries)
      .where(own)
      .groupBy(account);
  return {
    async post(postings) {
      if (postings.length === 0) return;
      await session
        .insert(ledgerEntries)
        .values(postings.map((posting) => ({ ...posting, tenantId })))
        .onConflictDoNothing({ target: [ledgerEntries.tenantId, ledgerEntries.key] });
    },
    async balances(): Promise<Balances> {
      const held: Record<LedgerAccount, number> = {
        receivable: 0,
        cash: 0,
        usage: 0,
        subscription: 0,
        vendor_costs: 0,
        vendors: 0,
      };
      for (const { account, micros } of await sums(ledgerEntries.debit)) held[account] += micros;
      for (const { account, micros } of await sums(ledgerEntries.credit)) held[account] -= micros;
      return held;
    },
  } satisfies Partial<BillingRepo>;
}

function reportsOf(session: Session, tenantId: TenantId) {
  const own = eq(meterReports.tenantId, tenantId);
  return {
    addReport: async (report) =>
      void (await session
        .insert(meterReports)
        .values({ ...report, tenantId })
        .onConflictDoNothing({ target: meterReports.callId })),
    tryReport: async (callId, at) =>
      single<MeterReport>(
        await session
          .update(meterReports)
          .set({ triedAt: sql`coalesce(${meterReports.triedAt}, ${at.toISOString()}::timestamptz)` })
          .where(and(own, eq(meterReports.callId, callId)))
          .returning(),
      ),
    endReport: async (callId, at) =>
      void (await session
        .update(meterReports)
        .set({ reportedAt: at })
        .where(and(own, eq(meterReports.callId, callId), isNull(meterReports.reportedAt)))),
    datesReportsFrom: async (at) =>
      void (await session
        .update(meterReports)
        .set({ at })
        .where(
          and(own, isNull(meterReports.reportedAt), isNull(meterReports.triedAt), lt(meterReports.at, at)),
        )),
  } satisfies Partial<BillingRepo>;
}

const LIVE = ['active', 'past_due'] as const;

export function billingDirectory(session: Session): BillingDirectory {
  return {
    async claimEvent({ id, type, at }, receivedAt) {
      const rows = await session
        .insert(paymentEvents)
        .values({ id, type, at, receivedAt })
        .onConflictDoNothing()
        .returning({ id: paymentEvents.id });
      return rows.length > 0;
    },
    checkout: async (id) =>
      single<Checkout>(
        await session
          .select()
          .from(checkouts)
          .where(eq(checkouts.id, id as CheckoutId)),
      ),
    async tenantOf(customerRef) {
      const rows = await session
        .select({ tenantId: subscriptions.tenantId })
        .from(subscriptions)
        .where(eq(subscriptions.customerRef, customerRef));
      return single(rows)?.tenantId ?? null;
    },
    async waitingReports({ after, limit }) {
      const rows = await session
        .select({ report: meterReports })
        .from(meterReports)
        .innerJoin(subscriptions, eq(subscriptions.tenantId, meterReports.tenantId))
        .where(
          and(
            isNull(meterReports.reportedAt),
            inArray(subscriptions.status, LIVE),
            after === null ? undefined : gt(meterReports.callId, after),
          ),
        )
        .orderBy(asc(meterReports.callId))
        .limit(limit);
      return rows.map(({ report }) => report);
    },
  };
}
