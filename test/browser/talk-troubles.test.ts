import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '#kernel/errors';
import { chromiumPath, launchChromium, withoutChromium } from '#test/browser/chromium';
import { openTalkServer, speak, type TalkServer } from '#test/browser/talk-server';
import { until } from '#test/support/until';

let server: TalkServer;
let page: Page;

beforeEach(async () => {
  if (chromiumPath) server = await openTalkServer();
});

afterEach(async () => {
  if (!chromiumPath) return;
  await page.context().close();
  await server.close();
});

const isIn = (state: string) => page.waitForSelector(`#app[data-state=${state}]`, { timeout: 10_000 });

async function open(browser: Browser, host = '127.0.0.1'): Promise<void> {
  page = await (await browser.newContext()).newPage();
  await page.goto(`http://${host}:${server.port}/talk`);
}

/** The error panel that is shown, once it is. */
async function trouble(): Promise<string | null> {
  await isIn('failed');
  expect(await page.evaluate('document.activeElement.id')).toBe('trouble-title');
  expect(await page.getAttribute('#trouble-panel', 'role')).toBe('alert');
  return page.textContent('#trouble-title');
}

describe.skipIf(!chromiumPath)(`without a usable microphone${withoutChromium}`, () => {
  let refusing: Browser;
  let deaf: Browser;

  beforeAll(async () => {
    const flags = ['--host-resolver-rules=MAP insecure.test 127.0.0.1'];
    refusing = await launchChromium({ microphone: 'beeps', permission: 'refused', flags });
    deaf = await launchChromium({ microphone: 'none', permission: 'granted' });
  });

  afterAll(async () => {
    await refusing?.close();
    await deaf?.close();
  });

  it('tells a visitor who refused how to allow it, and goes on by typing', async () => {
    await open(refusing);
    await page.click('#call');
    expect(await trouble()).toBe('The microphone is blocked');
    expect(server.launcher.calls).toHaveLength(0);
    await page.click('#trouble-type');
    await isIn('live');
    const call = server.launcher.last;
    await speak(call, 'You can type to me.');
    await page.waitForSelector('#log .agent >> text=You can type to me.');
    await page.click('#mute');
    await page.waitForSelector('#banner >> text=The microphone is blocked');
    await page.fill('#text', 'All right');
    await page.click('#send');
    await until(() => call.typed.length === 1);
  });

  it('tells a visitor whose machine has none', async () => {
    await open(deaf);
    await page.click('#call');
    expect(await trouble()).toBe('No microphone found');
    expect(await page.textContent('#trouble-retry')).toBe('Try again');
  });

  it('says before the call that this address can’t have one, and serves the call by text', async () => {
    await open(refusing, 'insecure.test');
    const reports: unknown[] = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        if (String(payload).includes('"played"')) reports.push(JSON.parse(String(payload)));
      }),
    );
    await page.waitForSelector('#start-note >> text=secure (https)');
    expect(await page.isVisible('#type-instead')).toBe(false);
    server.launcher.assistantName = 'Rosa';
    await page.click('#call');
    await isIn('live');
    const call = server.launcher.last;
    expect(await page.isVisible('#mute')).toBe(false);
    await speak(call, 'Read me instead.');
    await page.waitForSelector('#log .agent >> text=Read me instead.');
    expect(call.line.playedMs).toBeCloseTo(300, -1);
    expect(reports.at(-1)).toEqual({ type: 'played', ms: 300, n: 0 });
  });
});

describe.skipIf(!chromiumPath)(`when there is no call to be had${withoutChromium}`, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium({ microphone: 'none', permission: 'refused' });
  });

  afterAll(() => browser?.close());

  it('says that all lines are busy, in the server’s words, and tries again', async () => {
    server.startTalk = async () => {
      throw new DomainError('unavailable', 'All four lines are taken.');
    };
    await open(browser);
    await page.click('#type-instead');
    expect(await trouble()).toBe('All lines are busy');
    expect(await page.textContent('#trouble-text')).toBe('All four lines are taken.');
    expect(await page.isVisible('#trouble-type')).toBe(false);
  });

  it('says so when the launcher finds no room after all', async () => {
    server.launcher.onStart = () => {
      throw new DomainError('quota', 'Too many calls at once.');
    };
    await open(browser);
    await page.click('#type-instead');
    expect(await trouble()).toBe('All lines are busy');
  });

  it('gets a new invitation when the first has run out', async () => {
    const { startTalk } = server;
    server.startTalk = async (request) => ({ ...(await startTalk(request)), token: 'expired' });
    await open(browser);
    await page.click('#type-instead');
    expect(await trouble()).toBe('That invitation has run out');
    server.startTalk = startTalk;
    await page.click('#trouble-retry');
    await isIn('live');
  });

  it('says that the server can’t be reached', async () => {
    await open(browser);
    await page.waitForFunction(`document.title.includes('Rosa')`);
    server.isDown = true;
    await page.click('#type-instead');
    expect(await trouble()).toBe('The server can’t be reached');
  });

  it('passes on an assistant that the link names', async () => {
    const asked: unknown[] = [];
    server.startTalk = async (request) => {
      asked.push(request);
      throw new DomainError('forbidden', 'That assistant is not for visitors.');
    };
    page = await (await browser.newContext()).newPage();
    await page.goto(`${server.url}?agent=asst_7`);
    await page.click('#type-instead');
    expect(await trouble()).toBe('The call was not accepted');
    expect(asked).toEqual([{ agentId: 'asst_7' }]);
  });

  it('can be called off while it connects', async () => {
    let go: (() => void) | null = null;
    server.launcher.onStart = () => new Promise<void>((resolve) => (go = resolve));
    await open(browser);
    await page.click('#type-instead');
    await until(() => go !== null);
    await page.click('#hang-up >> text=Cancel');
    await isIn('ended');
    go!();
    await until(() => server.launcher.calls.length === 1);
    await until(() => server.launcher.last.line.signal.aborted);
  });

  it('ends the call when the connection stays away, and says so', async () => {
    await open(browser);
    await page.evaluate(`{
      const now = performance.now.bind(performance);
      window.later = 0;
      performance.now = () => now() + window.later;
    }`);
    await page.click('#type-instead');
    await isIn('live');
    server.isDown = true;
    server.cutConnections();
    await isIn('lost');
    await page.evaluate('window.later = 20000');
    await isIn('ended');
    expect(await page.textContent('#ended-text')).toContain('connection was lost for too long');
  });

  it('says that the server goes down', async () => {
    await open(browser);
    await page.click('#type-instead');
    await isIn('live');
    await server.hub.close();
    await isIn('ended');
    expect(await page.textContent('#ended-text')).toContain('server is restarting');
  });
});
