import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rms } from '#audio/mix';
import { type CallerTurn, converse, type TurnResult } from '#cli/conversation';
import { Ear } from '#cli/ear';
import type { Transport } from '#engine/ports';
import { type MediaServer, openMediaServer } from '#test/gateways/media-server';

let server: MediaServer;

beforeEach(async () => {
  server = await openMediaServer();
});

afterEach(() => server.close());

function tone(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, i) => 6000 * Math.sin((2 * Math.PI * 300 * i) / 8000));
}

/** An agent that answers `answerMs` after the caller's last sound with `replyMs` of tone, and stops when spoken over. */
function agent(line: Transport, timing: { answerMs: number; replyMs: number }): void {
  let quietMs = Number.NaN;
  const push = () => line.push({ samples: tone(timing.replyMs), rateHz: 8000, atMs: 0 });
  push();
  line.listen({
    audio: {
      push(frame) {
        if (rms(frame.samples) > 1000) {
          quietMs = 0;
          if (line.queuedMs > 0) line.clear();
          return;
        }
        quietMs += 20;
        if (quietMs === timing.answerMs) push();
      },
    },
  });
}

async function* turns(...list: Partial<CallerTurn>[]): AsyncIterable<CallerTurn> {
  for (const turn of list) {
    yield { label: 'turn', audio: tone(400), digits: null, interruptAfterMs: null, ...turn };
  }
}

describe('a conversation at the phone', () => {
  it('takes its turns, and measures answers and interruptions from the audio', async () => {
    const { phone } = await server.call(({ line }) => agent(line, { answerMs: 300, replyMs: 1500 }));
    const ear = new Ear(phone);
    const reported: TurnResult[] = [];
    const results = await converse(phone, ear, {
      turns: turns({ label: 'first' }, { label: 'over it', interruptAfterMs: 600 }),
      report: (turn) => reported.push(turn),
    });
    await phone.hangUp();
    expect(reported).toEqual(results);
    expect(results.map((turn) => turn.label)).toEqual(['first', 'over it']);
    for (const turn of results) {
      expect(turn.voiceToVoiceMs).toBeGreaterThanOrEqual(280);
      expect(turn.voiceToVoiceMs).toBeLessThanOrEqual(700);
    }
    expect(results[0]!.bargeInMs).toBeNull();
    expect(results[1]!.bargeInMs).toBeLessThanOrEqual(350);
  });

  it('ends when the call does', async () => {
    const { phone, launched } = await server.call(({ line }) => agent(line, { answerMs: 300, replyMs: 400 }));
    const ear = new Ear(phone);
    const over = converse(phone, ear, {
      turns: turns({}, {}, {}),
      report: () => launched.line.close('agent_ended'),
    });
    expect(await over).toHaveLength(1);
    expect((await phone.ended).reason).toBe('agent_ended');
  });

  it('reports an agent that does not answer, as soon as the call is over', async () => {
    const { phone, launched } = await server.call(({ line }) =>
      line.push({ samples: tone(200), rateHz: 8000, atMs: 0 }),
    );
    const ear = new Ear(phone);
    const over = converse(phone, ear, { turns: turns({ audio: null, digits: '5' }), report: () => {} });
    launched.line.listen({ digit: () => launched.line.close('failed') });
    expect(await over).toEqual([{ label: 'turn', voiceToVoiceMs: null, bargeInMs: null }]);
  });
});
