import { describe, expect, it } from 'vitest';
import type { CallProgress } from '#core/calls/progress';
import { newId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import { keepProgress } from '#runtime/progress';
import { ManualClock } from '#test/support/manual-clock';

const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

function stage() {
  const clock = new ManualClock();
  const stored: (readonly CallProgress[])[] = [];
  const storage = { isAway: false, hangs: false, release: () => {} };
  const keeper = keepProgress({
    clock,
    log: silentLog,
    async store(notes) {
      stored.push(notes);
      if (storage.isAway) throw new Error('the database is away');
      if (!storage.hangs) return;
      await new Promise<void>((resolve) => {
        storage.release = resolve;
      });
    },
  });
  const startMs = clock.nowMs();
  const call = () => {
    const callId = newId('call');
    const tenantId = newId('ten');
    const live = {
      text: '',
      heard: '',
      progress: (): CallProgress => ({
        callId,
        tenantId,
        afterSeq: 0,
        atMs: clock.nowMs() - startMs,
        said: live.text === '' ? null : { purpose: 'reply', text: live.text, fromMs: 0 },
        heard: live.heard === '' ? null : { text: live.heard },
      }),
    };
    keeper.add(live);
    return live;
  };
  return { clock, stored, keeper, call, storage };
}

describe('progress', () => {
  it('is noted within a quarter of a second of new words, all calls in one write', async () => {
    const { clock, stored, call } = stage();
    const [one, two] = [call(), call()];
    one.text = 'Hello';
    two.heard = 'I would';
    clock.advance(250);
    await settle();
    expect(stored.map((notes) => notes.map(({ said, heard }) => said?.text ?? heard?.text))).toEqual([
      ['Hello', 'I would'],
    ]);
    one.text = 'Hello there';
    clock.advance(250);
    await settle();
    expect(stored[1]?.map(({ said }) => said?.text)).toEqual(['Hello there']);
  });

  it('is noted every five seconds where nobody speaks, for the duration', async () => {
    const { clock, stored, call } = stage();
    call();
    for (let i = 0; i < 44; i++) {
      clock.advance(250);
      await settle();
    }
    expect(stored.map(([note]) => note?.atMs)).toEqual([250, 5_250, 10_250]);
  });

  it('waits for a write under way, and then notes what is new', async () => {
    const { clock, stored, call, storage } = stage();
    storage.hangs = true;
    const live = call();
    clock.advance(250);
    await settle();
    live.text = 'Hello';
    clock.advance(250);
    await settle();
    expect(stored).toHaveLength(1);
    storage.release();
    await settle();
    clock.advance(250);
    await settle();
    expect(stored[1]).toMatchObject([{ said: { text: 'Hello' } }]);
  });

  it('bears a database that is away, and leaves no timer behind the last call', async () => {
    const { clock, stored, call, keeper, storage } = stage();
    const live = call();
    storage.isAway = true;
    clock.advance(250);
    await settle();
    storage.isAway = false;
    live.text = 'Hello';
    clock.advance(250);
    await settle();
    expect(stored).toHaveLength(2);
    keeper.remove(live);
    expect(clock.timers).toBe(0);
    keeper.remove(live);
    call();
    expect(clock.timers).toBe(1);
  });
});
