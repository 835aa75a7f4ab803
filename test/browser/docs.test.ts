import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, launchChromium, withoutChromium } from '#test/browser/chromium';
import { startVeevo } from '#test/dialects/veevo/harness';
import { startVoicex } from '#test/dialects/voicex/harness';

let browser: Browser;
beforeAll(async () => {
  if (chromiumPath) browser = await launchChromium({ microphone: 'none', permission: 'refused' });
});
afterAll(() => browser?.close());

async function listening(app: FastifyInstance): Promise<string> {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

describe.skipIf(!chromiumPath)(`the readable reference${withoutChromium}`, () => {
  it.each([
    { name: 'voicex', start: startVoicex },
    { name: 'veevo', start: startVeevo },
  ])('$name: renders its operations from this server alone, and nothing goes wrong', async (dialect) => {
    await using api = await dialect.start();
    const origin = await listening(api.app);
    const page = await browser.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('requestfailed', (request) => troubles.push(`${request.url()} failed`));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${origin}/${dialect.name}/docs`);
    const { info, paths } = (await (await fetch(`${origin}/${dialect.name}/openapi.json`)).json()) as {
      info: { title: string };
      paths: Record<string, Record<string, { summary: string }>>;
    };
    await page.getByText(info.title).first().waitFor({ timeout: 20_000 });
    const [first] = Object.values(paths).flatMap((methods) => Object.values(methods));
    await page.getByText(first!.summary).first().waitFor({ state: 'attached', timeout: 20_000 });
    expect(troubles).toEqual([]);
    const elsewhere = asked.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(`${origin}/`));
    expect(elsewhere).toEqual([]);
    await page.close();
  });
});
