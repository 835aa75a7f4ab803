import { describe, expect, it } from 'vitest';
import type { CallEvent } from '#engine/events';
import { type CallId, newId, type TenantId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import { type JournalEntry, openJournal } from '#runtime/journal';

/** Timers that run only when told to. */
function manualClock() {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; run: () => void }>();
  return {
    nowMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms: number) {
      nowMs += ms;
      for (const timer of [...timers]) {
        if (timer.atMs > nowMs) continue;
        timers.delete(timer);
        timer.run();
      }
      for (let i = 0; i < 20; i++) await Promise.resolve();
    },
    get pending() {
      return timers.size;
    },
  };
}

const tenant = newId('ten') as TenantId;
const call = newId('call') as CallId;
const event = (seq: number): CallEvent => ({ callId: call, seq, atMs: seq, type: 'user.speaking' });

describe('journal', () => {
  it('writes in batches, well within a second of the event', async () => {
    const clock = manualClock();
    const batches: number[][] = [];
    const journal = openJournal({
      clock,
      log: silentLog,
      append: async (entries) => void batches.push(entries.map((entry) => entry.event.seq)),
    });
    for (let seq = 0; seq < 5; seq++) journal.record(tenant, event(seq));
    expect(batches).toEqual([]);
    await clock.advance(250);
    expect(batches).toEqual([[0, 1, 2, 3, 4]]);
    expect(journal.depth).toBe(0);
  });

  it('keeps events while storage is down and stores them in order when it is back', async () => {
    const clock = manualClock();
    const stored: JournalEntry[] = [];
    let down = true;
    const journal = openJournal({
      clock,
      log: silentLog,
      append: async (entries) => {
        if (down) throw new Error('connection refused');
        stored.push(...entries);
      },
    });
    journal.record(tenant, event(0));
    await clock.advance(250);
    journal.record(tenant, event(1));
    const early = journal.flush(call, 50);
    await clock.advance(60);
    expect(await early).toBe(false);
    down = false;
    const flushed = journal.flush(call, 10_000);
    await clock.advance(600);
    await clock.advance(600);
    expect(await flushed).toBe(true);
    expect(stored.map((entry) => entry.event.seq)).toEqual([0, 1]);
  });

  it('flushes at once when nothing waits, and leaves no timer after closing', async () => {
    const clock = manualClock();
    const journal = openJournal({ clock, log: silentLog, append: async () => {} });
    expect(await journal.flush(call, 1000)).toBe(true);
    journal.record(tenant, event(0));
    await journal.close(1000);
    expect(clock.pending).toBe(0);
    expect(journal.depth).toBe(0);
  });
});
