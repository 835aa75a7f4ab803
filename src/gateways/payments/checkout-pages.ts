import type { FastifyPluginAsync } from 'fastify';
import type { Billing } from '#core/billing/service';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { markup, sendPage, servePages } from './page.ts';

/** Where the vendor's checkout leads back to, and the address that leads to a checkout again. */
export function checkoutPages({
  billing,
  log,
}: {
  billing: Pick<Billing, 'resumeCheckout'>;
  log: Log;
}): FastifyPluginAsync {
  return async (app) => {
    await app.register(async (inner) => {
      servePages(inner, log);
      inner.get('/checkout/done', (_request, reply) =>
        sendPage(reply, {
          title: 'Payment received',
          body: markup`<section><h1>Thank you</h1>
            <p>The payment has been received and the account is being activated, usually within seconds.</p>
            <p class="soft">You can close this page.</p></section>`,
        }),
      );
      inner.get('/checkout/closed', (_request, reply) =>
        sendPage(reply, {
          title: 'Billing',
          body: markup`<section><h1>All done</h1><p class="soft">You can close this page.</p></section>`,
        }),
      );
      inner.get<{ Querystring: { checkout?: string } }>('/checkout/canceled', (request, reply) => {
        const { checkout } = request.query;
        const again =
          typeof checkout === 'string' && /^chk_[0-9a-z]+$/.test(checkout)
            ? markup`<p><a class="button" href="/checkout/${checkout}">Back to the payment</a></p>`
            : null;
        const body = markup`<section><h1>Nothing was charged</h1>
          <p>The payment was not made, and the account stays inactive until it is.</p>${again}</section>`;
        return sendPage(reply, { title: 'Payment canceled', body });
      });
      inner.get<{ Params: { id: string } }>('/checkout/:id', async (request, reply) => {
        try {
          const { url } = await billing.resumeCheckout(request.params.id);
          return reply.header('cache-control', 'no-store').redirect(url, 303);
        } catch (error) {
          if (!(error instanceof DomainError && error.code === 'precondition')) throw error;
          const body = markup`<section><h1>Nothing to pay</h1><p>${error.publicMessage}</p></section>`;
          return sendPage(reply, { title: 'Nothing to pay', body });
        }
      });
    });
  };
}
