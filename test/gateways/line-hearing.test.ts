import { beforeEach, describe, expect, it } from 'vitest';
import { mulaw } from '#audio/codec';
import { Pacer } from '#audio/pacer';
import { PacedLine } from '#gateways/paced-line';
import { FarEnd } from '#test/gateways/far-end';
import { ManualClock } from '#test/support/manual-clock';

let clock: ManualClock;
let pacer: Pacer;

beforeEach(() => {
  clock = new ManualClock();
  pacer = new Pacer({ clock });
});

function open(): PacedLine {
  return new PacedLine({ rateHz: 8000, codec: mulaw, wire: new FarEnd(clock, null), pacer, clock });
}

describe('hearing', () => {
  function listenTo(line: PacedLine) {
    const frames: { atMs: number; first: number; length: number }[] = [];
    line.listen({
      audio: { push: (f) => frames.push({ atMs: f.atMs, first: f.samples[0]!, length: f.samples.length }) },
    });
    const isGapless = () =>
      frames.every(
        (f, i) => i === 0 || Math.abs(f.atMs - frames[i - 1]!.atMs - frames[i - 1]!.length / 8) < 1e-6,
      );
    return { frames, isGapless, levels: () => frames.map((frame) => frame.first) };
  }
  const voice = (level: number) => new Int16Array(160).fill(level);

  it('passes frames on to all listeners, in order, on one clock', () => {
    const line = open();
    const [a, b] = [listenTo(line), listenTo(line)];
    clock.advance(30);
    for (let i = 0; i < 50; i++) {
      line.hear(voice(1000 + i), i * 20);
      clock.advance(20);
    }
    expect(a.frames).toEqual(b.frames);
    expect(a.levels()).toEqual(Array.from({ length: 50 }, (_, i) => 1000 + i));
    expect([a.frames[0]!.atMs, a.isGapless()]).toEqual([10, true]);
  });

  it('lets time pass in silence when nothing arrives, also from the very start', () => {
    const line = open();
    const { frames, isGapless } = listenTo(line);
    clock.advance(2000);
    expect(isGapless()).toBe(true);
    expect(line.lineMs - (frames.at(-1)!.atMs + 20)).toBeLessThanOrEqual(60);
    for (let i = 0; i < 50; i++) {
      line.hear(voice(1000), undefined);
      clock.advance(20);
    }
    clock.advance(1000);
    expect(isGapless()).toBe(true);
    expect(line.lineMs - (frames.at(-1)!.atMs + 20)).toBeLessThanOrEqual(60);
    expect(frames.filter((frame) => frame.first === 1000)).toHaveLength(50);
  });

  it('fills lost frames with silence and drops them when they come after all', () => {
    const line = open();
    const { levels, isGapless, frames } = listenTo(line);
    for (let i = 0; i < 20; i++) {
      if (i < 5 || i > 9) line.hear(voice(1000 + i), i * 20);
      clock.advance(20);
    }
    line.hear(voice(1007), 7 * 20);
    expect(levels().filter((level) => level === 0)).toHaveLength(4);
    expect(levels()).not.toContain(1007);
    expect(isGapless()).toBe(true);
    expect(frames.at(-1)!.atMs).toBeGreaterThan(340);
  });

  it('takes audio as it comes when timestamps make no sense', () => {
    for (const stamp of [
      () => 0,
      (i: number) => 1000 - i,
      (i: number) => i * 1e9,
      () => undefined,
      (i: number) => i ^ 1,
    ]) {
      const line = open();
      const { levels, isGapless, frames } = listenTo(line);
      for (let i = 0; i < 100; i++) {
        line.hear(voice(1000 + i), stamp(i));
        clock.advance(20);
      }
      expect(levels().filter((level) => level > 0)).toEqual(Array.from({ length: 100 }, (_, i) => 1000 + i));
      expect(isGapless()).toBe(true);
      expect(frames.length).toBeLessThan(110);
      line.gone('caller_hung_up');
    }
  });

  it('loses nothing of what a slow network brings late, and catches up in the next pause', () => {
    const line = open();
    const { frames, levels, isGapless } = listenTo(line);
    const sendTo = (from: number, to: number, level: number) => {
      for (let i = from; i < to; i++) line.hear(voice(level + i), i * 20);
    };
    for (let i = 0; i < 25; i++) {
      sendTo(i, i + 1, 1000);
      clock.advance(20);
    }
    clock.advance(800);
    sendTo(25, 66, 1000);
    expect(levels().filter((level) => level > 0)).toEqual(Array.from({ length: 66 }, (_, i) => 1000 + i));
    const aheadMs = () => frames.at(-1)!.atMs + 20 - line.lineMs;
    expect(aheadMs()).toBeGreaterThan(500);
    for (let i = 66; i < 166; i++) {
      line.hear(voice(3), i * 20);
      clock.advance(20);
    }
    expect(aheadMs()).toBeLessThanOrEqual(60);
    expect(isGapless()).toBe(true);
  });

  it('does not take a stall of this process for silence', () => {
    const line = open();
    const { levels } = listenTo(line);
    for (let i = 0; i < 10; i++) {
      line.hear(voice(1000), i * 20);
      clock.advance(20);
    }
    clock.stall(600);
    for (let i = 10; i < 40; i++) line.hear(voice(1000), i * 20);
    expect(levels()).not.toContain(0);
  });
});
