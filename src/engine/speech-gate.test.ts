import { describe, expect, test } from 'vitest';
import { gateRules, SpeechGate } from '#engine/speech-gate';

const RATE = 8000;
const FRAME = 160;

interface Sound {
  /** RMS of the caller's voice in [from, to) milliseconds. */
  voice: readonly (readonly [number, number, number])[];
  noiseRms?: number;
  lengthMs: number;
  /** How the detector lags: late by this much at the start, and at the end. */
  onsetMs?: number;
  decayMs?: number;
  /** What the detector makes of [from, to) milliseconds instead. */
  verdicts?: readonly (readonly [number, number, number])[];
  /** Verdicts come this long after their window ended. */
  lateMs?: number;
  sensitivity?: 'low' | 'medium' | 'high';
}

type Finding = [type: 'sound' | 'onset' | 'voiced' | 'pause', ms: number, voicedMs?: number, atMs?: number];

/** Plays a sound to a gate, frame by frame with a detector beside it; gives what was found and when. */
function findings(sound: Sound): Finding[] {
  const found: Finding[] = [];
  let nowMs = 0;
  const gate = new SpeechGate(gateRules(sound.sensitivity ?? 'medium'), {
    sound: (atMs) => found.push(['sound', atMs, undefined, nowMs]),
    onset: (atMs) => found.push(['onset', atMs, undefined, nowMs]),
    voiced: (_, voicedMs) => found.push(['voiced', voicedMs, undefined, nowMs]),
    pause: (lastMs, voicedMs) => found.push(['pause', lastMs, voicedMs, nowMs]),
  });
  const { onsetMs = 80, decayMs = 110, lateMs = 0 } = sound;
  const isSpoken = (ms: number) =>
    sound.voice.some(([from, to]) => ms >= from + onsetMs && ms < to + decayMs);
  const samples = new Int16Array(FRAME);
  const verdicts: { atMs: number; dueMs: number }[] = [];
  for (let windowMs = 32; windowMs < sound.lengthMs; windowMs += 32)
    verdicts.push({ atMs: windowMs, dueMs: windowMs + lateMs });
  for (let atMs = 0; atMs < sound.lengthMs; atMs += 20) {
    for (let i = 0; i < FRAME; i++) {
      const ms = atMs + (i * 1000) / RATE;
      const rms = sound.voice.find(([from, to]) => ms >= from && ms < to)?.[2] ?? 0;
      samples[i] = (i % 2 ? 1 : -1) * (rms + (sound.noiseRms ?? 0) * (0.5 + ((i * 7919 + atMs) % 100) / 100));
    }
    nowMs = atMs + 20;
    gate.frame(samples, RATE, atMs);
    while (verdicts[0] && verdicts[0].dueMs <= nowMs) {
      const { atMs: windowMs } = verdicts.shift()!;
      const instead = sound.verdicts?.find(([from, to]) => windowMs >= from && windowMs < to)?.[2];
      gate.verdict(instead ?? (isSpoken(windowMs) ? 0.9 : 0.05), windowMs);
    }
  }
  return found;
}

describe('the speech gate', () => {
  test.each([0, 40])(
    'finds beginning and end to 5 ms, though the detector lags and verdicts come %i ms late',
    (lateMs) => {
      const found = findings({ voice: [[1_003, 1_747, 3_000]], lengthMs: 3_000, lateMs });
      const onset = found.find(([type]) => type === 'onset')!;
      const pause = found.find(([type]) => type === 'pause')!;
      expect(Math.abs(onset[1] - 1_003)).toBeLessThanOrEqual(5);
      expect(Math.abs(pause[1] - 1_747)).toBeLessThanOrEqual(5);
      expect(Math.abs(pause[2]! - 744)).toBeLessThanOrEqual(10);
      expect(onset[3]! - 1_003).toBeLessThanOrEqual(140 + lateMs);
      expect(pause[3]! - 1_747).toBeLessThanOrEqual(160 + lateMs);
    },
  );

  test('reports its marks when they are reached, each once', () => {
    const marks = findings({ voice: [[1_000, 3_000, 3_000]], lengthMs: 4_000 }).filter(
      ([type]) => type === 'voiced',
    );
    const { marksMs } = gateRules('medium');
    expect(marks).toHaveLength(marksMs.length);
    for (const [i, [, ms]] of marks.entries()) expect(ms - marksMs[i]!).toBeLessThanOrEqual(20);
    const [, hold] = marks;
    expect(hold![3]! - 1_000).toBeLessThanOrEqual(200);
  });

  test('takes the gap between two words for what it is: one stretch, whose marks go on', () => {
    const found = findings({
      voice: [
        [1_000, 1_400, 3_000],
        [1_560, 2_300, 3_000],
      ],
      decayMs: 40,
      lengthMs: 3_000,
    });
    expect(found.filter(([type, ms]) => type === 'voiced' && ms >= 1_200)).toHaveLength(1);
  });

  test('bridges the closure of a consonant without a pause', () => {
    const found = findings({
      voice: [
        [1_000, 1_300, 3_000],
        [1_380, 1_700, 3_000],
      ],
      lengthMs: 3_000,
    });
    expect(found.filter(([type]) => type === 'onset')).toHaveLength(1);
    expect(found.filter(([type]) => type === 'pause')).toHaveLength(1);
  });

  test('a detector that doubts inside a soft word ends nothing, and holds up no mark', () => {
    const found = findings({
      voice: [[1_000, 2_000, 2_000]],
      verdicts: [[1_150, 1_390, 0.2]],
      lengthMs: 3_000,
    });
    expect(found.filter(([type]) => type === 'onset')).toHaveLength(1);
    expect(found.filter(([type]) => type === 'pause')).toHaveLength(1);
    const hold = found.find(([type, ms]) => type === 'voiced' && ms >= 180)!;
    expect(hold[3]! - 1_000).toBeLessThanOrEqual(200);
  });

  test('doubt that lasts, and silence the detector is sure of, are a pause on a line as loud as before', () => {
    for (const [probability, latestMs] of [
      [0.2, 1_480],
      [0.05, 1_240],
    ] as const) {
      const verdicts = [[1_100, 3_000, probability]] as const;
      const found = findings({ voice: [[1_000, 3_000, 2_000]], verdicts, lengthMs: 3_000 });
      const pause = found.find(([type]) => type === 'pause')!;
      expect(pause[1]).toBeLessThanOrEqual(1_110);
      expect(pause[3]).toBeLessThanOrEqual(latestMs);
    }
  });

  test('verdicts that are nearly enough add up to an onset; one of them, or lesser ones, are none', () => {
    const onsets = (toMs: number, probability: number) =>
      findings({
        voice: [[1_000, 2_000, 2_000]],
        onsetMs: 2_000,
        verdicts: [[1_050, toMs, probability]],
        lengthMs: 3_000,
      }).filter(([type]) => type === 'onset');
    expect(onsets(1_180, 0.46)).toHaveLength(1);
    expect(onsets(1_088, 0.46)).toEqual([]);
    expect(onsets(1_600, 0.34)).toEqual([]);
  });

  test('tells of a stretch again when it goes on after a pause', () => {
    const voice = [
      [1_000, 1_400, 3_000],
      [1_600, 2_300, 3_000],
    ] as const;
    const found = findings({ voice, decayMs: 40, lengthMs: 3_000 });
    const again = found.slice(found.findLastIndex(([type]) => type === 'onset') + 1)[0]!;
    expect(again[0]).toBe('voiced');
    expect(again[1]).toBeGreaterThanOrEqual(500);
    expect(again[3]! - 1_600).toBeLessThanOrEqual(140);
  });

  test('tells at once of a sound after silence, and once', () => {
    const found = findings({ voice: [[1_003, 1_300, 2_000]], lengthMs: 2_000 });
    const sounds = found.filter(([type]) => type === 'sound');
    expect(sounds).toHaveLength(1);
    expect(Math.abs(sounds[0]![1] - 1_003)).toBeLessThanOrEqual(5);
    expect(sounds[0]![3]! - 1_003).toBeLessThanOrEqual(20);
  });

  test('a click or a hum the detector does not call speech is nothing', () => {
    const found = findings({ voice: [], noiseRms: 2_000, lengthMs: 4_000 });
    expect(found.filter(([type]) => type !== 'sound')).toEqual([]);
  });

  test.each([100, 300, 600])('finds the end in steady noise of RMS %i too', (noiseRms) => {
    const found = findings({ voice: [[1_000, 1_800, 3_000]], noiseRms, lengthMs: 3_000 });
    const pause = found.find(([type]) => type === 'pause')!;
    expect(pause[1]).toBeGreaterThanOrEqual(1_795);
    expect(pause[1]).toBeLessThanOrEqual(1_800 + 110);
  });

  test('goes by the detector when the voice is fainter than the threshold', () => {
    const found = findings({ voice: [[1_000, 2_200, 20]], lengthMs: 4_000 });
    const pause = found.findLast(([type]) => type === 'pause')!;
    expect(found[0]![0]).toBe('onset');
    expect(pause[1]).toBeGreaterThan(1_900);
  });

  test('at a lower sensitivity needs a surer detector', () => {
    const gate = (sensitivity: 'low' | 'high') => gateRules(sensitivity).on;
    expect(gate('low')).toBeGreaterThan(gate('high'));
  });
});
