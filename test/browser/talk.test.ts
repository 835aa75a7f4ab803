import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rms } from '#audio/mix';
import { writeWav } from '#audio/wav';
import type { TurnId } from '#kernel/ids';
import { chromiumPath, launchChromium, withoutChromium } from '#test/browser/chromium';
import { exchange, hum, openTalkServer, speak, type TalkServer } from '#test/browser/talk-server';
import type { ScriptedCall } from '#test/gateways/scripted-launcher';
import { until } from '#test/support/until';

const turn = (n: number) => `turn_${n}` as TurnId;

let folder: string;
let browser: Browser;
let server: TalkServer;
let context: BrowserContext;
let page: Page;
let complaints: string[];
let strangers: string[];

beforeAll(async () => {
  if (!chromiumPath) return;
  folder = await mkdtemp(join(tmpdir(), 'talk-'));
  const microphone = join(folder, 'microphone.wav');
  await writeFile(microphone, writeWav({ rateHz: 16_000, channels: [hum(4000)] }));
  browser = await launchChromium({ microphone: { file: microphone }, permission: 'granted' });
});

afterAll(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true });
});

beforeEach(async () => {
  if (!chromiumPath) return;
  server = await openTalkServer();
  context = await browser.newContext();
  page = await newPage();
});

afterEach(async () => {
  if (!chromiumPath) return;
  await context.close();
  await server.close();
  expect(complaints).toEqual([]);
  expect(strangers).toEqual([]);
});

async function newPage(): Promise<Page> {
  const opened = await context.newPage();
  complaints = [];
  strangers = [];
  opened.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  opened.on('pageerror', (error) => complaints.push(String(error)));
  opened.on('request', (request) => {
    if (new URL(request.url()).host !== `127.0.0.1:${server.port}`) strangers.push(request.url());
  });
  return opened;
}

const isIn = (state: string) => page.waitForSelector(`#app[data-state=${state}]`, { timeout: 10_000 });

/** Starts a call by voice, or by text. */
async function start(button: '#call' | '#type-instead' = '#call'): Promise<ScriptedCall> {
  await page.goto(server.url);
  await page.click(button);
  await isIn('live');
  return server.launcher.last;
}

/** Puts a loudness meter in front of the page's loudspeaker. */
async function meterLoudspeaker(): Promise<() => Promise<number>> {
  await page.addInitScript(`{
    const connect = AudioNode.prototype.connect;
    AudioNode.prototype.connect = function (to, ...rest) {
      if (to instanceof AudioDestinationNode) {
        window.meter = new AnalyserNode(this.context, { fftSize: 2048 });
        connect.call(this, window.meter);
      }
      return connect.call(this, to, ...rest);
    };
  }`);
  return () =>
    page.evaluate<number>(`(() => {
      const samples = new Float32Array(2048);
      window.meter.getFloatTimeDomainData(samples);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    })()`);
}

const loudFrames = (call: ScriptedCall) => call.heard.filter((frame) => rms(frame.samples) > 300).length;

describe.skipIf(!chromiumPath)(`the talk page${withoutChromium}`, () => {
  it('introduces the assistant, honestly, and asks nobody else for anything', async () => {
    const response = await page.goto(server.url);
    const policy = response!.headers()['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`connect-src 'self' ws://127.0.0.1:${server.port}`);
    expect(policy).not.toContain('unsafe');
    await page.waitForFunction(`document.querySelector('h1').textContent.startsWith('Rosa')`);
    expect(await page.isVisible('#concierge')).toBe(true);
    expect(await page.title()).toBe('Talk to Rosa from Green Valley Dental');
  });

  it('does not speak of the concierge where a language model answers', async () => {
    server.isConcierge = false;
    await page.goto(server.url);
    await page.waitForFunction(`document.querySelector('h1').textContent.startsWith('Rosa')`);
    expect(await page.isVisible('#concierge')).toBe(false);
  });

  it.each([
    ['Opus', ''],
    ['PCM, where the browser has no Opus', 'delete window.AudioEncoder'],
  ])('carries the microphone to the assistant and the answer back, in %s', async (_codec, before) => {
    if (before) await page.addInitScript(before);
    const loudness = await meterLoudspeaker();
    const formats: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        if (typeof payload === 'string' && payload.includes('"start"'))
          formats.push(JSON.parse(payload).codec);
      }),
    );
    const call = await start();
    expect(formats).toEqual([before ? 'pcm16' : 'opus']);
    await until(() => loudFrames(call) > 30);
    call.line.push({ samples: hum(1200), rateHz: 16_000, atMs: 0 });
    await until(async () => (await loudness()) > 0.05);
    await call.line.drained(new AbortController().signal);
    expect(call.line.playedMs).toBeCloseTo(1200, -1);
  });

  it('shows words as they are heard, who speaks, and how long the answer took', async () => {
    const call = await start();
    await speak(call, 'Good morning.');
    await page.waitForSelector('#log .agent >> text=Good morning.');
    call.emit({ type: 'user.speaking' }, turn(1));
    call.emit({ type: 'user.heard', text: 'do you have', final: false }, turn(1));
    await page.waitForSelector('#interim .caller >> text=do you have');
    expect(await page.getAttribute('#interim', 'aria-hidden')).toBe('true');
    expect(await page.locator('#log .caller').count()).toBe(0);
    call.emit({ type: 'user.heard', text: 'Do you have a table?', final: true }, turn(1));
    const answered = exchange(call, {
      turnId: turn(1),
      heard: 'Do you have a table?',
      said: 'For two, at seven.',
      speakMs: 800,
    });
    await page.waitForSelector('#status >> text=Speaking');
    await page.waitForSelector('#log .caller >> text=Do you have a table?');
    expect(await page.locator('#interim .caller').count()).toBe(0);
    await page.waitForSelector('#interim .wave');
    await answered;
    const line = page.locator('#log .agent', { hasText: 'For two, at seven.' });
    await line.waitFor();
    expect(await line.locator('summary').textContent()).toBe('0.79\u00a0s');
    await line.locator('summary').click();
    expect(await line.locator('.stages').textContent()).toContain('First word of the answer260 ms');
    expect(await page.getAttribute('#log', 'aria-live')).toBe('polite');
    call.emit({ type: 'tool.called', toolCallId: 'a', name: 'book_table', arguments: {} }, turn(1));
    call.emit(
      { type: 'tool.returned', toolCallId: 'a', name: 'book_table', ok: true, result: 1, tookMs: 120 },
      turn(1),
    );
    await page.waitForSelector('#log .event >> text=Used book table');
  });

  it('falls silent at once when the caller breaks in, and says what was heard', async () => {
    const loudness = await meterLoudspeaker();
    const call = await start();
    call.emit({ type: 'agent.speaking', purpose: 'reply' }, turn(1));
    call.line.push({ samples: hum(5000), rateHz: 16_000, atMs: 0 });
    await until(async () => (await loudness()) > 0.05);
    await until(() => call.line.playedMs > 500);
    call.line.clear();
    const playedMs = call.line.playedMs;
    await until(async () => (await loudness()) < 0.001, 1_000);
    expect(playedMs).toBeLessThan(4000);
    expect(call.line.queuedMs).toBeCloseTo(0, 0);
    call.line.push({ samples: hum(300), rateHz: 16_000, atMs: 0 });
    await call.line.drained(new AbortController().signal);
    expect(call.line.playedMs - playedMs).toBeCloseTo(300, -1);
    call.emit(
      {
        type: 'agent.said',
        purpose: 'reply',
        text: 'We are open from',
        fromMs: 0,
        toMs: 500,
        interrupted: true,
        unheardChars: 40,
      },
      turn(1),
    );
    await page.waitForSelector('#log .agent .cut >> text=We are open from');
    await page.waitForSelector('#log .foot >> text=interrupted');
  });

  it('sends nothing while muted', async () => {
    const call = await start();
    await until(() => loudFrames(call) > 10);
    await page.click('#mute');
    expect(await page.getAttribute('#mute', 'aria-pressed')).toBe('true');
    await page.waitForSelector('#status >> text=You are muted');
    const from = call.heard.length;
    await until(() => call.heard.length > from + 60);
    expect(call.heard.slice(from + 20).every((frame) => rms(frame.samples) === 0)).toBe(true);
    await page.click('#mute');
    const loud = loudFrames(call);
    await until(() => loudFrames(call) > loud + 10);
  });

  it('can be talked to by typing alone, and never asks for the microphone then', async () => {
    await page.addInitScript(`{
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (wanted) => ((window.asked = true), ask(wanted));
    }`);
    const call = await start('#type-instead');
    call.onTyped = (text) =>
      void exchange(call, { turnId: turn(call.typed.length), heard: text, said: `You wrote ${text}` });
    expect(await page.evaluate('document.activeElement.id')).toBe('text');
    await page.keyboard.type('What are your hours?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#log .agent >> text=You wrote What are your hours?');
    expect(await page.locator('#log .caller').count()).toBe(1);
    expect(await page.locator('#log .pending').count()).toBe(0);
    expect(call.typed).toEqual(['What are your hours?']);
    expect(await page.evaluate('window.asked')).toBeUndefined();
    await page.click('#mute');
    await page.waitForSelector('#mute >> text=Mute');
    await until(() => loudFrames(call) > 10);
  });

  it('shows a reply that was typed over above the message that interrupted it', async () => {
    const call = await start('#type-instead');
    await speak(call, 'Good morning.');
    call.emit({ type: 'agent.speaking', purpose: 'reply' }, turn(1));
    await page.fill('#text', 'What about Sunday?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#log .pending >> text=What about Sunday?');
    const cut = { text: 'We are open from', fromMs: 0, toMs: 500, interrupted: true, unheardChars: 40 };
    call.emit({ type: 'agent.said', purpose: 'reply', ...cut }, turn(1));
    await page.waitForSelector('#log .cut >> text=We are open from');
    await exchange(call, { turnId: turn(2), heard: 'What about Sunday?', said: 'We are closed.' });
    await page.waitForSelector('#log .agent >> text=We are closed.');
    const bubbles = await page.locator('#log .bubble').allTextContents();
    expect(bubbles).toEqual(['Good morning.', 'We are open from', 'What about Sunday?', 'We are closed.']);
    expect(await page.locator('#log .pending').count()).toBe(0);
  });

  it('shows a typed message with the words that were spoken before it as one turn', async () => {
    const call = await start();
    call.emit({ type: 'user.heard', text: 'and what', final: true }, turn(1));
    await page.fill('#text', 'about Sunday?');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#log .pending >> text=about Sunday?');
    call.emit({ type: 'turn.ended', text: 'and what about Sunday?', fromMs: 0, toMs: 1000 }, turn(1));
    await page.waitForSelector('#log .caller:not(.pending) >> text=and what about Sunday?');
    expect(await page.locator('#log .caller').count()).toBe(1);
    expect(await page.locator('#interim .caller').count()).toBe(0);
  });

  it('presses keys, hangs up, says why the call ended and starts again', async () => {
    const call = await start();
    await page.click('#keypad-toggle');
    await page.click('#keypad >> text="5"');
    await page.keyboard.press('Escape');
    expect(await page.isVisible('#keypad')).toBe(false);
    await until(() => call.digits.length === 1);
    await page.click('#hang-up');
    await isIn('ended');
    expect(await page.textContent('#ended-text')).toBe('You hung up.');
    expect(call.line.signal.reason).toBe('caller_hung_up');
    expect(await page.evaluate('document.activeElement.id')).toBe('again');
    await page.keyboard.press('Enter');
    await isIn('live');
    expect(server.launcher.calls).toHaveLength(2);
    server.launcher.last.end('agent_ended', 1000);
    await isIn('ended');
    expect(await page.textContent('#ended-text')).toBe('The assistant ended the call.');
  });

  it('hangs up when the visitor leaves the page', async () => {
    const call = await start();
    await page.goto('about:blank');
    await until(() => call.line.signal.aborted);
    expect(call.line.signal.reason).toBe('caller_hung_up');
  });

  it('goes on in PCM when the browser’s Opus breaks down in the middle', async () => {
    await page.addInitScript(`{
      const Real = AudioEncoder;
      window.AudioEncoder = class extends Real {
        constructor(init) {
          super(init);
          window.breakOpus = () => init.error(new DOMException('broken', 'EncodingError'));
        }
      };
    }`);
    const call = await start();
    call.line.push({ samples: hum(2000), rateHz: 16_000, atMs: 0 });
    await until(() => call.line.playedMs > 300 && loudFrames(call) > 10);
    await page.evaluate('window.breakOpus()');
    await call.line.drained(new AbortController().signal);
    await isIn('live');
    expect(call.line.playedMs).toBeCloseTo(2000, -1);
    const loud = loudFrames(call);
    await until(() => loudFrames(call) > loud + 10);
    expect(server.launcher.calls).toHaveLength(1);
  });

  it('tells that the microphone went away, and takes it back', async () => {
    await page.addInitScript(`{
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wanted) => (window.stream = await ask(wanted));
    }`);
    const call = await start();
    await until(() => loudFrames(call) > 10);
    await page.evaluate(`window.stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))`);
    await page.waitForSelector('#banner >> text=Your microphone went away');
    await page.waitForSelector('#status >> text=Waiting for your message');
    const loud = loudFrames(call);
    await page.click('#banner-action');
    await until(() => loudFrames(call) > loud + 10);
    expect(await page.isVisible('#banner')).toBe(false);
  });

  it('tells when the browser pauses the sound; the agent waits and goes on', async () => {
    await page.addInitScript(`{
      const Real = AudioContext;
      window.AudioContext = class extends Real {
        constructor(options) {
          super(options);
          window.context = this;
        }
      };
    }`);
    const call = await start();
    call.line.push({ samples: hum(4000), rateHz: 16_000, atMs: 0 });
    await until(() => call.line.playedMs > 500);
    await page.evaluate('window.context.suspend()');
    await page.waitForSelector('#banner >> text=paused the sound');
    let last = -1;
    let sinceMs = 0;
    await until(() => {
      if (call.line.playedMs !== last) [last, sinceMs] = [call.line.playedMs, performance.now()];
      return performance.now() - sinceMs > 1000;
    });
    expect(call.line.playedMs).toBeLessThan(3000);
    await page.click('#banner-action');
    await call.line.drained(new AbortController().signal);
    expect(call.line.playedMs).toBeCloseTo(4000, -1);
    expect(await page.isVisible('#banner')).toBe(false);
  });

  it('loses the connection, says so, gets it back and plays on where it was', async () => {
    const call = await start();
    call.line.push({ samples: hum(3000), rateHz: 16_000, atMs: 0 });
    await until(() => call.line.playedMs > 500);
    server.isDown = true;
    server.cutConnections();
    await isIn('lost');
    await page.waitForSelector('#banner >> text=/Connection lost.*held for 1[0-5].s/');
    const lostAtMs = call.line.playedMs;
    call.emit({ type: 'user.heard', text: 'said meanwhile', final: false }, turn(1));
    await page.waitForSelector('#banner >> text=/Reconnecting|Trying again/');
    expect(call.line.playedMs).toBeLessThan(lostAtMs + 100);
    complaints = complaints.filter((text) => !text.includes('WebSocket'));
    server.isDown = false;
    // The page may have got it back by itself a moment before: then there is nothing to click on.
    await page.evaluate(`document.querySelector('#banner-action').click()`);
    await isIn('live');
    await page.waitForSelector('#banner >> text=The connection is back');
    await page.waitForSelector('#interim >> text=said meanwhile');
    await call.line.drained(new AbortController().signal);
    expect(call.line.playedMs).toBeCloseTo(3000, -1);
    const loud = loudFrames(call);
    await until(() => loudFrames(call) > loud + 10);
    expect(server.launcher.calls).toHaveLength(1);
    complaints = complaints.filter((text) => !text.includes('WebSocket'));
  });
});
