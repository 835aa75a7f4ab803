import type { CallPlan, InterruptionSensitivity, Phrases } from '#engine/call-plan';

/** When speech over the agent's own is a hesitation, and when it is an interruption. All in voiced milliseconds. */
export interface BargeInRules {
  /** The agent falls silent, ready to go on from the same sample. */
  readonly holdAfterMs: number;
  /** The agent has lost the floor, unless the words so far are only a listener's noise. */
  readonly interruptAfterMs: number;
  /** The agent has lost the floor, whatever the words. */
  readonly surelyAfterMs: number;
  /**
   * An utterance that ends before this interrupts only with words that claim the floor ("wait", "no"): recognisers
   * make words of a hum. Other words of it are kept and answered when the agent has finished.
   */
  readonly shortMs: number;
}

/**
 * A listener's "mhm" and an interrupter's "wait" sound alike for their first 300 ms, so the two measures are split:
 * the agent is *held* early, which costs little if it was a mistake, and *stopped* only on words or on length.
 */
export const BARGE_IN: Readonly<Record<InterruptionSensitivity, BargeInRules>> = {
  high: { holdAfterMs: 100, interruptAfterMs: 600, surelyAfterMs: 1_000, shortMs: 0 },
  medium: { holdAfterMs: 180, interruptAfterMs: 1_200, surelyAfterMs: 1_800, shortMs: 850 },
  low: { holdAfterMs: 420, interruptAfterMs: 1_500, surelyAfterMs: 2_200, shortMs: 1_100 },
};

/** What the turn machine needs of a plan. */
export interface TurnRules {
  readonly language: string;
  readonly endpointingMs: number;
  readonly silenceTimeoutMs: number;
  readonly idleMs: number;
  readonly maxCallDurationMs: number;
  readonly bargeIn: BargeInRules;
  readonly phrases: Phrases;
  readonly announcement: string | null;
  readonly opening: CallPlan['opening'];
  readonly transferOnFailureTo: string | null;
  readonly voicemailMessage: string | null;
}

export function turnRules(plan: CallPlan): TurnRules {
  const { thresholds, language, phrases, announcement, opening } = plan;
  const { transferOnFailureTo, voicemailMessage } = plan;
  const bargeIn = BARGE_IN[thresholds.interruptionSensitivity];
  const words = { language, phrases, announcement, opening, voicemailMessage };
  return { ...thresholds, ...words, bargeIn, transferOnFailureTo };
}

/** From this probability on a turn sounds finished. */
const FINISHED = 0.7;
/** Up to this probability a turn sounds unfinished. */
const UNFINISHED = 0.3;
/**
 * The least silence after words that plainly go on ("and…", half a number), whatever `silenceTimeoutMs` says: people
 * pause for 600 to 900 ms inside a sentence, and the VAD needs up to 190 ms to notice that they speak again.
 */
const UNFINISHED_FLOOR_MS = 1_100;

/**
 * The silence, counted from the last speech sample, after which a turn is over: `endpointingMs` when it sounds
 * finished, `silenceTimeoutMs` (never under 1,100 ms) when it doesn't, linear in between.
 */
export function endpointDelayMs(rules: TurnRules, probability: number): number {
  const patientMs = Math.max(rules.silenceTimeoutMs, UNFINISHED_FLOOR_MS, rules.endpointingMs);
  const finished = Math.min(1, Math.max(0, (probability - UNFINISHED) / (FINISHED - UNFINISHED)));
  return Math.round(patientMs + (rules.endpointingMs - patientMs) * finished);
}

/** Whether a turn plainly goes on: not even a recogniser's word that it is over counts then. */
export function soundsUnfinished(probability: number): boolean {
  return probability <= UNFINISHED;
}

/** Silence after which the recogniser is asked for its final words, so that they are there when the turn ends. */
export function flushDelayMs(rules: TurnRules): number {
  return Math.min(200, Math.max(100, rules.endpointingMs - 200));
}

/** From this probability on a reply is begun before the turn is over. */
export const GUESS_FROM = 0.5;
/** A turn that sounds unfinished gets its speculative reply this long before it is taken all the same. */
export const LATE_GUESS_MS = 400;
/** A sound that has just begun gets so long to prove to be speech before the turn is over. */
export const SOUND_MS = 160;
/** Voiced time that makes a new onset real enough to throw a speculative reply away. */
export const RESUMED_MS = 120;
/** A hesitation is over when this much silence has brought no words… */
export const DOUBT_MS = 600;
/** …or with none of any weight, but not before the caller has been silent for so long. */
export const RESUME_AFTER_MS = 250;
/** A doubt that neither silence nor speech has settled by then was none: audio has stopped coming. */
export const UNDECIDED_MS = 4_000;
/** What is left of a reply when "yes" spoken over it counts as an answer, not as a listener's noise. */
export const TAIL_MS = 700;
/** Wait for a recogniser that owes the words of a turn that is over: with some words already, and without any. */
export const LATE_WORDS_MS = { some: 800, none: 6_000 } as const;
/** Speech without a single word for this long, or without a new one for that long, is noise. */
export const WORDLESS_MS = 15_000;
export const UNCHANGED_MS = 4_000;
/** Pause after which pressed keys are a turn. */
export const DIGITS_MS = 1_500;
/** Longest time for a last sentence and a goodbye. */
export const LEAVE_MS = 15_000;
