import { beforeEach, expect, test } from 'vitest';
import type { CallEventBody } from '#engine/events';
import { FakeClock } from '#engine/fakes/fake-clock';
import { Fallback, reason } from '#engine/fallback';
import { ProviderError, type ProviderHealth } from '#engine/ports';

/** Health by name, as other calls left it. */
let healths: Record<string, ProviderHealth & { isResting: boolean; told: string[] }> = {};

beforeEach(() => {
  healths = {};
});

function health(isResting: boolean) {
  const told: string[] = [];
  return {
    isResting,
    told,
    failed: (retryAfterMs: number | undefined) => void told.push(`failed ${retryAfterMs}`),
    worked: () => void told.push('worked'),
  };
}

function chain(...names: string[]) {
  const clock = new FakeClock();
  const events: CallEventBody[] = [];
  const providers = names.map((name) => ({ name, use: { health: healths[name] } }));
  return {
    clock,
    events,
    chain: new Fallback('llm', providers, { clock, report: (event) => events.push(event) }),
  };
}

const error = (kind: ProviderError['kind'], retryAfterMs?: number) =>
  new ProviderError('a', kind, 'injected', retryAfterMs);

test('asks the preferred one, then each of the others, then the first once more, then nobody', () => {
  const { chain: llm } = chain('a', 'b');
  const tried: (typeof llm.links)[number][] = [];
  for (let link = llm.next(tried); link; link = llm.next(tried)) tried.push(link);
  expect(tried.map((link) => link.name)).toEqual(['a', 'b', 'a']);
});

test('leaves one that failed alone until it has rested, longer each time', async () => {
  const { chain: llm, clock } = chain('a', 'b');
  const [a] = llm.links;
  for (const restMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    llm.failed(a!, error('unavailable'), true);
    await clock.advance(restMs - 1);
    expect(llm.next([])!.name).toBe('b');
    await clock.advance(1);
    expect(llm.next([])!.name).toBe('a');
  }
});

test('rests as long as the provider asks for', async () => {
  const { chain: llm, clock } = chain('a', 'b');
  llm.failed(llm.links[0]!, error('rate_limited', 700), true);
  expect(llm.next([])!.name).toBe('b');
  await clock.advance(700);
  expect(llm.ready()!.name).toBe('a');
});

test('never again asks one that refused', async () => {
  const { chain: llm, clock } = chain('a');
  llm.failed(llm.links[0]!, error('refused'), false);
  await clock.advance(1e9);
  expect([llm.next([]), llm.ready(), llm.waitMs()]).toEqual([null, null, Number.POSITIVE_INFINITY]);
});

test('tells of a stand-in and of a recovery, once each, without secrets', () => {
  const { chain: llm, events } = chain('a', 'b');
  llm.worked(llm.links[0]!);
  llm.failed(llm.links[0]!, new Error('https://user:secret@host'), true);
  llm.worked(llm.links[0]!);
  llm.worked(llm.links[0]!);
  expect(events).toMatchObject([
    { type: 'degraded', stage: 'llm', provider: 'a', step: 'fallback', why: 'unexpected Error' },
    { type: 'degraded', stage: 'llm', provider: 'a', step: 'recovered' },
  ]);
  expect(reason(error('closed'))).toBe('closed: injected');
  expect(reason('text')).toBe('unexpected failure');
});

test('one that has just failed in another call comes after the others, once told, until it has rested', () => {
  healths = { a: health(true), b: health(false) };
  const { chain: llm, events } = chain('a', 'b');
  expect([llm.next([])!.name, llm.ready()!.name]).toEqual(['b', 'b']);
  expect(llm.next([llm.links[1]!])!.name).toBe('a');
  healths.a!.isResting = false;
  expect(llm.next([])!.name).toBe('a');
  llm.worked(llm.links[0]!);
  expect(events).toMatchObject([
    { provider: 'a', step: 'fallback', why: expect.stringContaining('another call') },
    { provider: 'a', step: 'recovered' },
  ]);
});

test('one that is alone is asked, whatever happened in other calls', () => {
  healths = { a: health(true) };
  const { chain: llm, events } = chain('a');
  expect([llm.next([])!.name, llm.ready()!.name]).toEqual(['a', 'a']);
  expect(events).toEqual([]);
});

test('tells the other calls what it found, but not of a refusal, which may be this caller’s own', () => {
  healths = { a: health(false) };
  const { chain: llm } = chain('a', 'b');
  llm.failed(llm.links[0]!, error('rate_limited', 700), true);
  llm.failed(llm.links[0]!, error('unavailable'), true);
  llm.failed(llm.links[0]!, error('refused'), true);
  llm.worked(llm.links[0]!);
  expect(healths.a!.told).toEqual(['failed 700', 'failed undefined', 'worked']);
});
