import type { AudioFrame, AudioSink } from '#audio/frame';
import type { CallEventBody, TurnStages } from '#engine/events';
import type { TurnId } from '#kernel/ids';

/** Louder than this is heard: 50 dB under full scale. */
const AUDIBLE = 100;

/** What is known of a turn when it is taken. Times of the clock, but for `lastSpeechLineMs`. */
export interface TakenTurn {
  turnId: TurnId;
  lastSpeechLineMs: number;
  lastSpeechMs: number;
  decidedAtMs: number;
  takenAtMs: number;
  /** When the reply's first token and first audio were there, null while they are not. */
  reply: { firstTokenMs: number | null; firstAudioMs: number | null };
}

/**
 * Measures each turn from the audio: from the caller's last sample of speech to the first audible sample that left for
 * the caller. The stages share that time out in order, each from the end of the one before, so they add up to it.
 */
export class Latency implements AudioSink {
  readonly #report: (event: CallEventBody, turnId: TurnId) => void;
  #turn: TakenTurn | null = null;

  constructor(report: (event: CallEventBody, turnId: TurnId) => void) {
    this.#report = report;
  }

  /** Measures this turn; one that was never answered is forgotten. */
  await(turn: TakenTurn): void {
    this.#turn = turn;
  }

  forget(): void {
    this.#turn = null;
  }

  /** Audio that left for the caller. */
  push(frame: AudioFrame): void {
    const turn = this.#turn;
    if (turn === null) return;
    const { samples } = frame;
    for (let i = 0; i < samples.length; i++) {
      if (samples[i]! < AUDIBLE && samples[i]! > -AUDIBLE) continue;
      this.#turn = null;
      const voiceToVoiceMs = frame.atMs + (i * 1000) / frame.rateHz - turn.lastSpeechLineMs;
      const stages = stagesOf(turn, voiceToVoiceMs);
      this.#report({ type: 'turn.latency', voiceToVoiceMs: Math.round(voiceToVoiceMs), stages }, turn.turnId);
      return;
    }
  }
}

function stagesOf(turn: TakenTurn, totalMs: number): TurnStages {
  let fromMs = turn.lastSpeechMs;
  const endMs = turn.lastSpeechMs + totalMs;
  const until = (ms: number | null): number => {
    const at = Math.min(endMs, Math.max(fromMs, ms ?? endMs));
    const share = at - fromMs;
    fromMs = at;
    return Math.round(share);
  };
  return {
    endpointMs: until(turn.decidedAtMs),
    sttMs: until(turn.takenAtMs),
    llmFirstTokenMs: until(turn.reply.firstTokenMs),
    ttsFirstByteMs: until(turn.reply.firstAudioMs),
    playMs: until(endMs),
  };
}
