import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Services } from '#core/services';
import { checkoutPages } from '#gateways/payments/checkout-pages';
import { sandboxPages } from '#gateways/payments/sandbox-pages';
import { silentLog } from '#kernel/log';
import type { Scope } from '#kernel/scope';
import { chromiumPath, launchChromium, withoutChromium } from '#test/browser/chromium';
import { openPlatform, type Platform } from '#test/core/platform';
import { fixtureApp, freePort } from '#test/http/fixture';
import { testPayments } from '#test/support/payments';

let p: Platform;
let services: Services;
let app: FastifyInstance;
let browser: Browser;

beforeAll(async () => {
  if (!chromiumPath) return;
  p = await openPlatform();
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const payments = testPayments({ uow: p.uow, clock: p.clock, publicUrl });
  services = p.with({ payments, publicUrl });
  payments.connect(services.billing);
  app = await fixtureApp({
    extraPlugins: [
      checkoutPages({ billing: services.billing, log: silentLog }),
      sandboxPages({ desk: payments.desk, log: silentLog }),
    ],
    config: { publicUrl },
  });
  await app.listen({ port, host: '127.0.0.1' });
  browser = await launchChromium({ microphone: 'none', permission: 'refused' });
});
afterAll(async () => {
  await browser?.close();
  await app?.close();
  await p?.close();
});

async function unpaid(): Promise<{ scope: Scope; url: string }> {
  const { scope } = await p.tenant('payg');
  await p.oversight.updateTenant(scope.tenantId, { status: 'inactive' });
  return { scope, url: (await services.billing.startCheckout(scope)).url };
}

const statusOf = async (scope: Scope) => (await services.billing.subscription(scope)).status;

/** A page, and what the browser had to complain of: refused styles, forms or requests. */
async function openPage(colorScheme: 'light' | 'dark'): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('favicon')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, complaints };
}

describe(`paying in a browser${withoutChromium}`, () => {
  it.skipIf(!chromiumPath).each(['light', 'dark'] as const)(
    'works, and looks right when it is %s',
    async (scheme) => {
      const { scope, url } = await unpaid();
      const { page, complaints } = await openPage(scheme);
      await page.goto(url);
      const pay = page.getByRole('button', { name: 'Pay $5.00' });
      const corners = "getComputedStyle(document.querySelector('button')).borderRadius";
      expect(await page.evaluate(corners)).toBe('8px');
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      await page.getByRole('link', { name: 'Cancel' }).click();
      expect(await page.textContent('h1')).toBe('Nothing was charged');
      await page.getByRole('link', { name: 'Back to the payment' }).click();
      await pay.click();
      await page.waitForURL('**/checkout/done');
      expect(await page.textContent('h1')).toBe('Thank you');
      expect(await statusOf(scope)).toBe('active');
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );

  it.skipIf(!chromiumPath)('can be called off again on the portal', async () => {
    const { scope, url } = await unpaid();
    const { page, complaints } = await openPage('light');
    await page.goto((await services.billing.portal(scope)).url);
    await page.getByRole('link', { name: 'Complete the payment' }).click();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.waitForURL('**/checkout/done');
    await page.goto((await services.billing.portal(scope)).url);
    await page.getByRole('button', { name: 'End the month now' }).click();
    expect(await page.getByText('paid', { exact: true }).count()).toBe(2);
    await page.getByRole('button', { name: 'Cancel the plan' }).click();
    await page.getByText('canceled').waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await statusOf(scope)).toBe('inactive');
    await page.goto(url);
    expect(await page.textContent('main')).toContain('This has been paid');
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});
