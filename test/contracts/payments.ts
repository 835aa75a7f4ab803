import { expect } from 'vitest';
import type { CheckoutOrder, Payments, SignedRequest } from '#core/ports';
import { newId } from '#kernel/ids';

/** A vendor of payments with what a test needs of its other side. */
export interface PaymentVendor {
  readonly payments: Payments;
  nowMs(): number;
  /** Lets time pass, in the vendor's eyes too. */
  advance(ms: number): void;
  /** A webhook of this event, signed by the vendor's own package. */
  signed(event: object): SignedRequest;
  /** The price id on the lines of metered use. */
  readonly meteredPrice: string;
  meteredSeconds(customerRef: string): Promise<number>;
  addCard(customerRef: string): Promise<void>;
}

const signal = new AbortController().signal;
const aborted = AbortSignal.abort();

export const newCustomer = async ({ payments }: PaymentVendor): Promise<string> =>
  (await payments.customer({ tenantId: newId('ten'), name: 'Acme', email: 'a@acme.example' }, signal))
    .customerRef;

export const orderFor = (customerRef: string, over: Partial<CheckoutOrder> = {}): CheckoutOrder => ({
  checkoutId: newId('chk'),
  tenantId: newId('ten'),
  customerRef,
  planName: 'Pay as you go',
  monthlyMicros: 5_000_000,
  perMinuteMicros: 50_000,
  successUrl: 'https://patchbay.example/checkout/done',
  cancelUrl: 'https://patchbay.example/checkout/canceled',
  ...over,
});

let count = 0;

/** An event as the vendor writes it. */
export const eventOf = (vendor: PaymentVendor, type: string, object: object, rest: object = {}) => ({
  id: `evt_contract_${++count}`,
  object: 'event',
  created: Math.floor(vendor.nowMs() / 1_000),
  type,
  data: { object, ...rest },
});

interface Check {
  readonly name: string;
  run(vendor: PaymentVendor): Promise<void>;
}

/** What every vendor of payments must do. */
export const CONTRACT: readonly Check[] = [
  {
    name: 'a checkout has one page, however often and at once it is asked for',
    async run(vendor) {
      const order = orderFor(await newCustomer(vendor));
      const pages = await Promise.all([1, 2, 3].map(() => vendor.payments.checkout(order, signal)));
      expect(new Set(pages.map(({ ref }) => ref)).size).toBe(1);
      expect(new Set(pages.map(({ url }) => url)).size).toBe(1);
      expect(URL.canParse(pages[0]!.url)).toBe(true);
      expect(pages[0]!.expiresAt.getTime()).toBeGreaterThan(vendor.nowMs());
      const other = await vendor.payments.checkout(orderFor(order.customerRef), signal);
      expect(other.ref).not.toBe(pages[0]!.ref);
    },
  },
  {
    name: 'a plan without metered minutes can be taken up too',
    async run(vendor) {
      const order = orderFor(await newCustomer(vendor), { perMinuteMicros: 0, monthlyMicros: 49_000_000 });
      expect(URL.canParse((await vendor.payments.checkout(order, signal)).url)).toBe(true);
    },
  },
  {
    name: 'the portal opens for a customer, and for nobody else',
    async run({ payments, ...vendor }) {
      const customerRef = await newCustomer({ payments, ...vendor });
      const returnUrl = 'https://patchbay.example/';
      expect(URL.canParse((await payments.portal({ customerRef, returnUrl }, signal)).url)).toBe(true);
      const nobody = payments.portal({ customerRef: 'cus_nobody', returnUrl }, signal);
      await expect(nobody).rejects.toMatchObject({ code: 'invalid' });
      const noCheckout = payments.checkout(orderFor('cus_nobody'), signal);
      await expect(noCheckout).rejects.toMatchObject({ code: 'invalid' });
    },
  },
  {
    name: 'whether there is a card is known',
    async run(vendor) {
      const customerRef = await newCustomer(vendor);
      expect(await vendor.payments.hasPaymentMethod(customerRef, signal)).toBe(false);
      await vendor.addCard(customerRef);
      expect(await vendor.payments.hasPaymentMethod(customerRef, signal)).toBe(true);
      const nobody = vendor.payments.hasPaymentMethod('cus_nobody', signal);
      await expect(nobody).rejects.toMatchObject({ code: 'invalid' });
    },
  },
  {
    name: 'seconds count once for each identifier, however often and at once they are reported',
    async run(vendor) {
      const customerRef = await newCustomer(vendor);
      const at = new Date(vendor.nowMs());
      const report = { customerRef, identifier: newId('call'), seconds: 61, at };
      await Promise.all([1, 2, 3].map(() => vendor.payments.reportSeconds(report, signal)));
      await vendor.payments.reportSeconds(report, signal);
      expect(await vendor.meteredSeconds(customerRef)).toBe(61);
      await vendor.payments.reportSeconds({ ...report, identifier: newId('call'), seconds: 9 }, signal);
      expect(await vendor.meteredSeconds(customerRef)).toBe(70);
      const nobody = { ...report, identifier: newId('call'), customerRef: 'cus_nobody' };
      const refused = vendor.payments.reportSeconds(nobody, signal);
      await expect(refused).rejects.toMatchObject({ code: 'invalid' });
    },
  },
  {
    name: 'an aborted question does nothing',
    async run(vendor) {
      const { payments } = vendor;
      const customerRef = await newCustomer(vendor);
      const report = { customerRef, identifier: newId('call'), seconds: 5, at: new Date(vendor.nowMs()) };
      const asked = [
        async () => payments.reportSeconds(report, aborted),
        async () => payments.checkout(orderFor(customerRef), aborted),
        async () => payments.portal({ customerRef, returnUrl: 'https://patchbay.example/' }, aborted),
        async () => payments.hasPaymentMethod(customerRef, aborted),
        async () => payments.customer({ tenantId: newId('ten'), name: 'A', email: null }, aborted),
      ];
      for (const ask of asked) await expect(ask()).rejects.toMatchObject({ name: 'AbortError' });
      expect(await vendor.meteredSeconds(customerRef)).toBe(0);
    },
  },
  {
    name: 'a webhook with no signature, a wrong one, an old one or another body is refused',
    async run(vendor) {
      const { payments } = vendor;
      const event = eventOf(vendor, 'payment_method.attached', { id: 'pm_1', customer: 'cus_1' });
      const good = vendor.signed(event);
      const read = (change: Partial<SignedRequest>) => () => payments.readWebhook({ ...good, ...change });
      const refused = expect.objectContaining({ code: 'forbidden' });
      expect(read({ headers: {} })).toThrow(refused);
      expect(read({ headers: { 'stripe-signature': '' } })).toThrow(refused);
      const wrong = good.headers['stripe-signature']!.replace(/v1=../, 'v1=00');
      expect(read({ headers: { 'stripe-signature': wrong } })).toThrow(refused);
      const other = vendor.signed({ ...event, type: 'payment_method.detached' });
      expect(read({ rawBody: other.rawBody })).toThrow(refused);
      expect(payments.readWebhook(good)).toMatchObject({ type: 'paymentMethods.changed' });
      vendor.advance(299_000);
      expect(payments.readWebhook(good)).not.toBeNull();
      vendor.advance(2_000);
      expect(read({})).toThrow(refused);
    },
  },
  {
    name: 'each event of interest comes in our words, with its id and its time',
    async run(vendor) {
      for (const [type, object, words, rest] of eventsIn(vendor)) {
        const event = eventOf(vendor, type, object, rest);
        const at = new Date(event.created * 1_000);
        const read = vendor.payments.readWebhook(vendor.signed(event));
        expect(read).toEqual(words === null ? null : { id: event.id, at, ...words });
      }
    },
  },
  {
    name: 'an event without what its type has is refused, not guessed at',
    async run(vendor) {
      for (const [type, object] of [
        ['customer.subscription.updated', { id: 'sub_1' }],
        ['invoice.paid', { id: 'in_1', customer: 'cus_1', currency: 'usd', amount_paid: 'much' }],
        [
          'checkout.session.completed',
          { mode: 'subscription', payment_status: 'paid', client_reference_id: 'c' },
        ],
      ] as const) {
        const request = vendor.signed(eventOf(vendor, type, object));
        expect(() => vendor.payments.readWebhook(request)).toThrow(
          expect.objectContaining({ code: 'invalid' }),
        );
      }
      const noEvent = vendor.signed({ hello: 'world' });
      expect(() => vendor.payments.readWebhook(noEvent)).toThrow(
        expect.objectContaining({ code: 'invalid' }),
      );
    },
  },
];

type Case = readonly [type: string, object: object, words: object | null, rest?: object];

const subscription = (status: string) => ({ id: 'sub_1', object: 'subscription', customer: 'cus_1', status });
const changed = (status: string) => ({
  type: 'subscription.changed',
  customerRef: 'cus_1',
  subscriptionRef: 'sub_1',
  status,
});

/** The vendor's events, and what they are in our words; null are those of no interest. */
function eventsIn({ meteredPrice }: PaymentVendor): readonly Case[] {
  const session = { mode: 'subscription', payment_status: 'paid', client_reference_id: 'chk_1' };
  const paid = { ...session, customer: 'cus_1', subscription: 'sub_1' };
  const words = {
    type: 'checkout.paid',
    checkoutId: 'chk_1',
    customerRef: 'cus_1',
    subscriptionRef: 'sub_1',
  };
  const price = (id: string) => ({ type: 'price_details', price_details: { price: id, product: 'prod_1' } });
  const lines = [
    { amount: 500, pricing: price('price_base') },
    { amount: 235, pricing: price(meteredPrice) },
  ];
  // As endpoints with an API version of before 2025 have it, the customer expanded.
  const oldLines = [
    { amount: 500, price: { id: 'price_base' } },
    { amount: 235, price: { id: meteredPrice } },
  ];
  const invoice = { id: 'in_1', customer: 'cus_1', currency: 'usd', total: 735, amount_paid: 735 };
  const invoiceWords = { type: 'invoice.paid', customerRef: 'cus_1', invoiceRef: 'in_1' };
  const amounts = { amountMicros: 7_350_000, baseMicros: 5_000_000 };
  const statuses = {
    incomplete: 'incomplete',
    incomplete_expired: 'canceled',
    trialing: 'active',
    active: 'active',
    past_due: 'past_due',
    unpaid: 'unpaid',
    paused: 'unpaid',
    canceled: 'canceled',
  };
  return [
    ['checkout.session.completed', paid, words],
    ['checkout.session.completed', { ...paid, customer: { id: 'cus_1' } }, words],
    ['checkout.session.completed', { ...paid, payment_status: 'unpaid' }, null],
    ['checkout.session.completed', { ...paid, mode: 'payment' }, null],
    ['checkout.session.completed', { ...paid, client_reference_id: null }, null],
    ['checkout.session.async_payment_succeeded', paid, words],
    ['checkout.session.expired', session, { type: 'checkout.expired', checkoutId: 'chk_1' }],
    ...Object.entries(statuses).map(
      ([theirs, ours]): Case => ['customer.subscription.updated', subscription(theirs), changed(ours)],
    ),
    ['customer.subscription.created', subscription('active'), changed('active')],
    ['customer.subscription.deleted', subscription('active'), changed('canceled')],
    ['invoice.paid', { ...invoice, lines: { data: lines } }, { ...invoiceWords, ...amounts }],
    [
      'invoice.paid',
      { ...invoice, customer: { id: 'cus_1' }, lines: { data: oldLines } },
      { ...invoiceWords, ...amounts },
    ],
    ['invoice.paid', { ...invoice, currency: 'eur' }, null],
    ['invoice.payment_failed', invoice, { type: 'invoice.failed', customerRef: 'cus_1', invoiceRef: 'in_1' }],
    ['invoice.payment_succeeded', invoice, null],
    [
      'payment_method.attached',
      { id: 'pm_1', customer: 'cus_1' },
      { type: 'paymentMethods.changed', customerRef: 'cus_1' },
    ],
    [
      'payment_method.detached',
      { id: 'pm_1', customer: null },
      { type: 'paymentMethods.changed', customerRef: 'cus_1' },
      { previous_attributes: { customer: 'cus_1' } },
    ],
    ['charge.succeeded', { id: 'ch_1' }, null],
  ];
}
