import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TurnId } from '#kernel/ids';
import { chromiumPath, launchChromium, withoutChromium } from '#test/browser/chromium';
import { exchange, openTalkServer, speak, type TalkServer } from '#test/browser/talk-server';

const SIZES = [
  ['desktop', { width: 1280, height: 800 }],
  ['phone', { width: 390, height: 844 }],
  ['small phone', { width: 320, height: 568 }],
  ['phone on its side', { width: 740, height: 360 }],
] as const;

/** Things that must be on the screen, whole, while a call goes on. */
const IN_REACH = ['#name', '#status', '#timer', '#mute', '#hang-up', '#text', '#send'];

let browser: Browser;
let server: TalkServer;
let shots: string;

beforeAll(async () => {
  if (!chromiumPath) return;
  browser = await launchChromium({ microphone: 'beeps', permission: 'granted' });
  server = await openTalkServer();
  shots = await mkdtemp(join(tmpdir(), 'talk-looks-'));
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** What sticks out of the window, or is not to be seen. */
function outOfReach(page: Page, selectors: readonly string[]): Promise<string[]> {
  return page.evaluate<string[]>(`${JSON.stringify(selectors)}.filter((selector) => {
    const box = document.querySelector(selector).getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
    return !inside || box.width === 0;
  })`);
}

/** Texts whose contrast with what is behind them is below WCAG's 4.5 to 1. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(() => {
    const parse = (color) => color.match(/[\\d.]+/g).map(Number);
    const luminance = ([r, g, b]) => [r, g, b]
      .map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
        if (alpha === 1) return [r, g, b];
      }
      return [255, 255, 255];
    };
    const faint = [];
    for (const element of document.querySelectorAll('.app *')) {
      const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
      if (!text || element.closest('.visually-hidden, svg, .core') || !element.checkVisibility()) continue;
      const [bright, dark] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))]
        .sort((a, b) => b - a);
      const ratio = (bright + 0.05) / (dark + 0.05);
      if (ratio < 4.5) faint.push(element.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2));
    }
    return faint;
  })()`);
}

/** Looks at the page as it stands, in light and in dark. */
async function check(page: Page, state: string, inReach: readonly string[]): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const name = `${state}-${colorScheme}`;
    await page.screenshot({ path: join(shots, `${name}.png`) });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect.soft(overflow, name).toBeLessThanOrEqual(0);
    expect.soft(await outOfReach(page, inReach), name).toEqual([]);
    expect.soft(await faintTexts(page), name).toEqual([]);
  }
}

describe.skipIf(!chromiumPath)(`how the talk page looks${withoutChromium}`, () => {
  it.each(SIZES)('on a %s everything is in reach and readable, in light and dark', async (size, viewport) => {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const shot = (state: string) => `${size}-${state}`;
    await page.goto(server.url);
    await page.waitForFunction(`document.title.includes('Rosa')`);
    await check(page, shot('idle'), ['#name', '#call']);
    await page.click('#call');
    await page.waitForSelector('[data-state=live]');
    const call = server.launcher.last;
    await speak(call, 'Good morning. How can I help you?', { speakMs: 60 });
    const turnId = 'turn_1' as TurnId;
    const answer =
      'On Thursday I have half past two and a quarter past four. Which of the two would suit you better?';
    await exchange(call, {
      turnId,
      heard: 'Is anything free on Thursday afternoon?',
      said: answer,
      speakMs: 60,
    });
    call.emit({ type: 'user.heard', text: 'the later one', final: false }, turnId);
    call.emit({ type: 'agent.speaking', purpose: 'reply' }, turnId);
    await page.waitForSelector('#interim .wave');
    await page.click('.latency summary');
    await check(page, shot('live'), IN_REACH);
    await page.click('#keypad-toggle');
    await check(page, shot('keypad'), ['#keypad', '#hang-up']);
    await page.keyboard.press('Escape');
    server.isDown = true;
    server.cutConnections();
    await page.waitForSelector('[data-state=lost]');
    await check(page, shot('lost'), ['#banner', '#banner-text', '#hang-up']);
    server.isDown = false;
    await page.waitForSelector('[data-state=live]');
    await page.click('#hang-up');
    await page.waitForSelector('[data-state=ended]');
    await check(page, shot('ended'), ['#ended-text', '#again']);
    server.isDown = true;
    await page.click('#again');
    await page.waitForSelector('[data-state=failed]');
    await check(page, shot('failed'), ['#trouble-title', '#trouble-retry']);
    server.isDown = false;
    await context.close();
  });
});
