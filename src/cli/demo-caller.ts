import type { DemoCallerLine } from '#runtime/demo-receptionist';

/** A question of the agent's, and which of the caller's lines answers it. */
type Answer = readonly [question: RegExp, line: RegExp];

/** The first that fits is taken: a read-back holds the words that the other questions are made of. */
const ANSWERS: readonly Answer[] = [
  [/\bbooked\b|\ball set\b/i, /\bgoodbye\b/i],
  [/\bis that (?:right|correct)\b|\bshall i book\b/i, /^yes\b|\bcorrect\b/i],
  [/\bname\b[^.]*\?/i, /\bmy name is\b/i],
  [/\b(?:phone|number|reach you)\b[^.]*\?/i, /\bfive five five\b/i],
  [/\bwhat time\b|\b\d{1,2}(?::\d\d)? ?[AP]\.?M\b/i, /\bfirst one\b/i],
];
const MISHEARD = /\b(?:did not|didn't) (?:catch|hear|understand)\b|\bsay (?:it|that) again\b/i;
const OFFER = /\b(?:a message|pass on|put you through)\b[^.]*\?/i;
const BOOKING = /\bbook\b/i;
const GOODBYE = /\bgoodbye\b/i;
/** So often one line may be said again before another is tried, and all lines together before it is goodbye. */
const LINE_PATIENCE = 2;
const PATIENCE = 6;

/** What the caller says to an offer that it does not want. */
export const NO_THANKS: DemoCallerLine = { text: 'No thank you, never mind.', interruptAfterMs: null };

/**
 * The caller of the demo: says its lines in order, but answers what the agent asks, repeats what was not understood,
 * starts the booking anew when that does not help, and says goodbye when it has been misunderstood too often.
 */
export class DemoCaller {
  readonly #lines: readonly DemoCallerLine[];
  readonly #times = new Map<DemoCallerLine, number>();
  #last: DemoCallerLine | undefined;
  #repeats = 0;

  constructor(lines: readonly DemoCallerLine[]) {
    this.#lines = lines;
  }

  /** The next line in order, where that one does not wait for the agent to finish; null where it does. */
  interruption(): DemoCallerLine | null {
    const line = this.#inOrder();
    return line && line.interruptAfterMs !== null ? this.#say(line) : null;
  }

  /** What to say to these words of the agent's; null after the goodbye. */
  next(agentSaid: string): DemoCallerLine | null {
    if (this.#last && GOODBYE.test(this.#last.text)) return null;
    const line = this.#choose(agentSaid);
    if (line && this.#times.has(line) && ++this.#repeats > PATIENCE) return this.#say(this.#like(GOODBYE));
    return this.#say(line);
  }

  #choose(agentSaid: string): DemoCallerLine | undefined {
    const isBooking = [...this.#times.keys()].some(({ text }) => BOOKING.test(text));
    const answer = isBooking ? ANSWERS.find(([question]) => question.test(agentSaid)) : undefined;
    if (answer) return this.#like(answer[1]);
    if (OFFER.test(agentSaid) && !MISHEARD.test(agentSaid)) return NO_THANKS;
    if (!MISHEARD.test(agentSaid) || !this.#last) return this.#inOrder();
    const isWorthIt = (this.#times.get(this.#last) ?? 0) <= LINE_PATIENCE;
    return isWorthIt ? this.#last : this.#like(BOOKING);
  }

  #like(words: RegExp): DemoCallerLine | undefined {
    return this.#lines.find(({ text }) => words.test(text));
  }

  #inOrder(): DemoCallerLine | undefined {
    return this.#lines.find((line) => !this.#times.has(line));
  }

  #say(line: DemoCallerLine | undefined): DemoCallerLine | null {
    if (!line) return null;
    this.#times.set(line, (this.#times.get(line) ?? 0) + 1);
    this.#last = line;
    return line;
  }
}
