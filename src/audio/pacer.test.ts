import { describe, expect, it } from 'vitest';
import { Pacer } from '#audio/pacer';
import { ManualClock } from '#test/support/manual-clock';

function ticksOf(pacer: Pacer, clock: ManualClock) {
  const times: number[] = [];
  const leave = pacer.add({ tick: () => times.push(clock.nowMs()) });
  return { times, leave };
}

describe('Pacer', () => {
  it('ticks every member once in 20 ms, without drift, at different points of the 20 ms', () => {
    const clock = new ManualClock();
    const pacer = new Pacer({ clock });
    const members = Array.from({ length: 8 }, () => ticksOf(pacer, clock));
    clock.advance(60_000);
    for (const { times } of members) {
      expect(times).toHaveLength(3000);
      expect(times.at(-1)! - times[0]!).toBeCloseTo(2999 * 20, 3);
    }
    expect(new Set(members.map(({ times }) => times[0]))).toHaveLength(4);
  });

  it('keeps to its grid when timers come late', () => {
    const clock = new ManualClock({ timersLateMs: 3 });
    const pacer = new Pacer({ clock });
    const { times } = ticksOf(pacer, clock);
    clock.advance(10_000);
    expect(times.length).toBeGreaterThanOrEqual(499);
    expect(times.at(-1)! - times[0]!).toBeCloseTo((times.length - 1) * 20, 3);
    const late = pacer.lateness();
    expect(late.p99Ms).toBeGreaterThanOrEqual(3);
    expect(late.p99Ms).toBeLessThanOrEqual(3.25);
  });

  it('does not make up for ticks that a stall has swallowed', () => {
    const clock = new ManualClock();
    const pacer = new Pacer({ clock });
    const { times } = ticksOf(pacer, clock);
    clock.advance(100);
    const before = times.length;
    clock.stall(500);
    expect(times.length - before).toBeLessThanOrEqual(2);
    clock.advance(1000);
    expect(times.length - before).toBeGreaterThanOrEqual(50);
    expect(times.length - before).toBeLessThanOrEqual(52);
    expect(pacer.lateness().maxMs).toBeGreaterThan(470);
  });

  it('runs no timer without members, and starts again with the next one', () => {
    const clock = new ManualClock();
    const pacer = new Pacer({ clock });
    const first = ticksOf(pacer, clock);
    const second = ticksOf(pacer, clock);
    clock.advance(40);
    first.leave();
    first.leave();
    second.leave();
    expect([pacer.size, clock.timers]).toEqual([0, 0]);
    clock.advance(1000);
    const third = ticksOf(pacer, clock);
    clock.advance(100);
    expect([first.times.length, second.times.length, third.times.length]).toEqual([2, 2, 5]);
  });

  it('spares the others when one throws, leaves or joins during a tick', () => {
    const clock = new ManualClock();
    const errors: unknown[] = [];
    const pacer = new Pacer({ clock, onError: (thrown) => errors.push(thrown) });
    const counts = new Map<number, number>();
    const leaves: (() => void)[] = [];
    for (let i = 0; i < 40; i++) {
      leaves.push(
        pacer.add({
          tick: () => {
            counts.set(i, (counts.get(i) ?? 0) + 1);
            if (i % 10 === 3) leaves[i]!();
            if (i % 10 === 5) throw new Error(`member ${i}`);
          },
        }),
      );
    }
    clock.advance(100);
    expect(pacer.size).toBe(36);
    expect(errors).toHaveLength(20);
    for (let i = 0; i < 40; i++) expect(counts.get(i), `member ${i}`).toBe(i % 10 === 3 ? 1 : 5);
  });
});
