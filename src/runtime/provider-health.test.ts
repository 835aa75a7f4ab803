import { expect, test } from 'vitest';
import { FakeClock } from '#engine/fakes/fake-clock';
import { providerHealths } from './provider-health.ts';

const acme = { id: 'prov_a', address: 'https://acme.example' };

function fresh() {
  const clock = new FakeClock();
  return { clock, of: providerHealths(clock) };
}

test('one that failed in a call rests in all of them, longer while it goes on failing', async () => {
  const { clock, of } = fresh();
  for (const restMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    of(acme).failed(undefined);
    of(acme).failed(undefined);
    await clock.advance(restMs - 1);
    expect(of(acme).isResting).toBe(true);
    await clock.advance(1);
    expect(of(acme).isResting).toBe(false);
  }
});

test('one that works is as good as new', async () => {
  const { clock, of } = fresh();
  of(acme).failed(undefined);
  of(acme).worked();
  expect(of(acme).isResting).toBe(false);
  of(acme).failed(undefined);
  await clock.advance(5_000);
  expect(of(acme).isResting).toBe(false);
});

test('one that asks for time gets it', async () => {
  const { clock, of } = fresh();
  of(acme).failed(undefined);
  of(acme).failed(30_000);
  await clock.advance(29_999);
  expect(of(acme).isResting).toBe(true);
  await clock.advance(1);
  expect(of(acme).isResting).toBe(false);
});

test('others, and the same elsewhere, are not concerned', () => {
  const { of } = fresh();
  of(acme).failed(undefined);
  expect(of({ ...acme, id: 'prov_b' }).isResting).toBe(false);
  expect(of({ ...acme, address: null }).isResting).toBe(false);
  expect(of({ ...acme }).isResting).toBe(true);
});

test('an old story is forgotten', async () => {
  const { clock, of } = fresh();
  for (let i = 0; i < 4; i++) {
    of(acme).failed(undefined);
    await clock.advance(60_000);
  }
  await clock.advance(11 * 60_000);
  of(acme).failed(undefined);
  await clock.advance(5_000);
  expect(of(acme).isResting).toBe(false);
});
