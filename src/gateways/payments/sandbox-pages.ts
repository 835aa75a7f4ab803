import type { FastifyPluginAsync } from 'fastify';
import type { CheckoutView, PaymentDesk, PortalView } from '#core/sandbox/payment-desk';
import type { Log } from '#kernel/log';
import { dollars, type Markup, markup, sendPage, servePages } from './page.ts';

const NOTE = markup`<p class="note">Sandbox: this server takes no real payments. No card is asked for and none is charged.</p>`;

type ById = { Params: { id: string } };

/** The payment vendor's pages, as long as there is no vendor. */
export function sandboxPages({ desk, log }: { desk: PaymentDesk; log: Log }): FastifyPluginAsync {
  return async (app) => {
    await app.register(async (inner) => {
      servePages(inner, log);
      inner.get<ById>('/sandbox/checkout/:id', async (request, reply) => {
        const checkout = await desk.checkout(request.params.id);
        const body = markup`${NOTE}${checkoutBody(checkout, request.params.id)}`;
        const status = checkout.status === 'expired' ? 410 : 200;
        return sendPage(reply, { title: 'Checkout', body, status }, checkout.successUrl);
      });
      inner.post<ById>('/sandbox/checkout/:id', async (request, reply) => {
        const { successUrl } = await desk.pay(request.params.id);
        return reply.redirect(successUrl, 303);
      });
      inner.get<ById>('/sandbox/portal/:id', async (request, reply) => {
        const portal = await desk.portal(request.params.id);
        const body = markup`${NOTE}${portalBody(portal, request.params.id)}`;
        return sendPage(reply, { title: 'Billing', body });
      });
      const deeds = {
        cancel: (id: string) => desk.cancel(id),
        'remove-card': (id: string) => desk.removePaymentMethod(id),
        'add-card': (id: string) => desk.addPaymentMethod(id),
        'close-month': (id: string) => desk.closeMonth(id),
      };
      for (const [name, deed] of Object.entries(deeds)) {
        inner.post<ById>(`/sandbox/portal/:id/${name}`, async (request, reply) => {
          await deed(request.params.id);
          return reply.redirect(`/sandbox/portal/${encodeURIComponent(request.params.id)}`, 303);
        });
      }
    });
  };
}

function checkoutBody(checkout: CheckoutView, id: string): Markup {
  const { status, customerName, planName, monthlyMicros, perMinuteMicros } = checkout;
  const minutes =
    perMinuteMicros > 0
      ? markup`<p class="soft">plus ${dollars(perMinuteMicros)} for each minute of calls</p>`
      : null;
  const head = markup`<p class="soft">${customerName}</p><h1>${planName}</h1>
    <p class="amount">${dollars(monthlyMicros)} <span class="soft">a month</span></p>${minutes}`;
  if (status === 'complete') {
    return markup`<section>${head}<p>This has been paid.</p><p><a href="${checkout.successUrl}">Go on</a></p></section>`;
  }
  if (status === 'expired') {
    return markup`<section>${head}<p>The time to pay is up. Ask for a new checkout.</p></section>`;
  }
  return markup`<section>${head}
    <form method="post" action="/sandbox/checkout/${id}"><button class="main">Pay ${dollars(monthlyMicros)}</button></form>
    <a class="button" href="${checkout.cancelUrl}">Cancel</a></section>`;
}

const STATE = { active: 'active', past_due: 'payment overdue', canceled: 'canceled' };

function portalBody(portal: PortalView, id: string): Markup {
  const { subscription, openSeconds } = portal;
  const isOn = subscription !== null && subscription.status !== 'canceled';
  const button = (deed: string, words: string) =>
    markup`<form method="post" action="/sandbox/portal/${id}/${deed}"><button>${words}</button></form>`;
  const plan = subscription
    ? markup`<p>${subscription.planName}: ${dollars(subscription.monthlyMicros)} a month, ${STATE[subscription.status]}</p>`
    : markup`<p>No plan has been taken up yet.</p>`;
  const pay = portal.checkoutRef
    ? markup`<p><a class="button" href="/sandbox/checkout/${portal.checkoutRef}">Complete the payment</a></p>`
    : null;
  const owed = subscription ? dollars((openSeconds * subscription.perMinuteMicros) / 60) : null;
  const invoices = portal.invoices.map(
    ({ number, at, totalCents, status }) =>
      markup`<div class="row"><span>${number}</span><span class="soft">${at.toISOString().slice(0, 10)}</span>
        <span>${dollars(totalCents * 10_000)}</span><span>${status}</span></div>`,
  );
  return markup`<section><h1>${portal.customerName}</h1><p class="soft">${portal.email}</p></section>
    <section><h2>Plan</h2>${plan}${isOn ? markup`${button('cancel', 'Cancel the plan')}${button('close-month', 'End the month now')}` : pay}</section>
    <section><h2>Minutes on the meter</h2>
      <div class="row"><span>Since the last invoice</span><span>${(openSeconds / 60).toFixed(2)}</span><span>${owed}</span></div>
      <div class="row"><span>In all</span><span>${(portal.meteredSeconds / 60).toFixed(2)}</span></div></section>
    <section><h2>Means of payment</h2>
      ${portal.hasPaymentMethod ? markup`<p>A card ending in 4242</p>${button('remove-card', 'Remove the card')}` : markup`<p>None</p>${button('add-card', 'Add a card')}`}</section>
    <section><h2>Invoices</h2>${invoices.length > 0 ? invoices : markup`<p class="soft">None yet.</p>`}</section>
    <p><a href="${portal.returnUrl}">Back</a></p>`;
}
