import { describe, expect, it } from 'vitest';
import type { CallId, TenantId } from '#kernel/ids';
import { callPostings, invoicePostings, type Posting } from './ledger.ts';

const tenantId = 'ten_1' as TenantId;
const callId = 'call_1' as CallId;
const at = new Date(0);
const moves = (postings: readonly Posting[]) =>
  postings.map(({ key, debit, credit, amountMicros }) => [key, debit, credit, amountMicros]);

describe('the books', () => {
  it('enter what a call is owed for and what it cost, and nothing that is nothing', () => {
    const call = { tenantId, callId, at };
    expect(moves(callPostings({ ...call, chargeMicros: 75_833, costMicros: 1_200 }))).toEqual([
      ['charge:call_1', 'receivable', 'usage', 75_833],
      ['cost:call_1', 'vendor_costs', 'vendors', 1_200],
    ]);
    expect(callPostings({ ...call, chargeMicros: 0, costMicros: 0 })).toEqual([]);
  });

  it('enter the base of an invoice as owed, and all of it as paid', () => {
    const invoice = { tenantId, invoiceRef: 'in_1', at };
    expect(moves(invoicePostings({ ...invoice, amountMicros: 7_350_000, baseMicros: 5_000_000 }))).toEqual([
      ['base:in_1', 'receivable', 'subscription', 5_000_000],
      ['paid:in_1', 'cash', 'receivable', 7_350_000],
    ]);
    expect(moves(invoicePostings({ ...invoice, amountMicros: 350_000, baseMicros: -1_000_000 }))).toEqual([
      ['base:in_1', 'subscription', 'receivable', 1_000_000],
      ['paid:in_1', 'cash', 'receivable', 350_000],
    ]);
  });
});
