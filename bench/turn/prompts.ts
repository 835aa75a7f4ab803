import { wordErrors } from '#test/speech/word-errors';
import type { HumanPrompt } from '#test/support/human-speech';
import { lengthMs, longestGap, trimmed } from './levels.ts';

/** Whole sentences as one would say them, and nothing before or after. */
const SENTENCE = /^[A-Z][^.;:!?]*[.!?]$/;
/** Menu fragments, which a number or a name follows. */
const FRAGMENT = /^To \w+ (?:the|your)|\.\.\.|^Information\b/;
const TURN_MS = { from: 1_800, to: 6_000 };
const PROMPT_MS = { from: 1_000, to: 9_000 };
const FEWEST_WORDS = 4;
/** Silence in a sentence that is not just the closure of a plosive. */
const PAUSE_MS = 130;

/** Complete sentences of two to six seconds, spread over all there are; `fluent` ones have no pause in them. */
export function sentences(
  prompts: readonly HumanPrompt[],
  options: { count: number; fluent?: boolean },
): HumanPrompt[] {
  const fitting = prompts
    .filter(({ text }) => SENTENCE.test(text) && !FRAGMENT.test(text) && wordsIn(text) >= FEWEST_WORDS)
    .filter(({ samples8k }) => within(trimmed(samples8k), TURN_MS))
    .filter(({ samples8k }) => !options.fluent || isFluent(trimmed(samples8k)));
  return spread(fitting, options.count);
}

function isFluent(samples: Int16Array): boolean {
  return longestGap(samples, { fromMs: 0, toMs: lengthMs(samples) }) < PAUSE_MS;
}

/** Prompts of at least four words, spread over all there are but `others`. */
export function prompts(
  all: readonly HumanPrompt[],
  options: { count: number; others: ReadonlySet<HumanPrompt> },
): HumanPrompt[] {
  const { count, others } = options;
  const fitting = all.filter(
    (prompt) =>
      !others.has(prompt) && wordsIn(prompt.text) >= FEWEST_WORDS && within(prompt.samples8k, PROMPT_MS),
  );
  return spread(fitting, count);
}

/** So many of them, at even distances; all of them when there are not so many. */
function spread<T>(things: readonly T[], count: number): T[] {
  if (things.length <= count) return [...things];
  return Array.from({ length: count }, (_, i) => things[Math.floor((i * things.length) / count)]!);
}

function wordsIn(text: string): number {
  return wordErrors(text, '').words;
}

function within(samples: Int16Array, range: { from: number; to: number }): boolean {
  const ms = lengthMs(samples);
  return ms >= range.from && ms <= range.to;
}
