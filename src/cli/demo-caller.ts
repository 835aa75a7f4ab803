import type { DemoCallerLine } from '#runtime/demo-receptionist';

/** A question of the agent's, and which of the caller's lines answers it. */
type Answer = readonly [question: RegExp, line: RegExp];

/** The first that fits is taken: a read-back holds the words that the other questions are made of. */
const ANSWERS: readonly Answer[] = [
  [/\bbooked\b|\ball set\b/i, /\bgoodbye\b/i],
  [/\bis that (?:right|correct)\b|\bshall i book\b/i, /^yes\b/i],
  [/\bname\b[^.]*\?/i, /\bmy name is\b/i],
  [/\b(?:phone|number|reach you)\b[^.]*\?/i, /\bfive five five\b/i],
  [/\bwhat time\b|\b\d{1,2}(?::\d\d)? ?[AP]\.?M\b/i, /\bfirst one\b/i],
];
const MISHEARD = /\b(?:did not|didn't) (?:catch|hear|understand)\b|\bsay (?:it|that) again\b/i;
const GOODBYE = /\bgoodbye\b/i;
/** Lines said again do not count against anybody for so long. */
const PATIENCE = 6;

/**
 * The caller of the demo: says its lines in order, but answers what the agent asks, repeats what was not understood,
 * and says goodbye when it has been misunderstood too often.
 */
export class DemoCaller {
  readonly #lines: readonly DemoCallerLine[];
  readonly #said = new Set<DemoCallerLine>();
  #last: DemoCallerLine | undefined;
  #repeats = 0;

  constructor(lines: readonly DemoCallerLine[]) {
    this.#lines = lines;
  }

  /** The next line in order that does not wait for the agent to finish; null when the next one does. */
  interruption(): DemoCallerLine | null {
    const line = this.#inOrder();
    return line && line.interruptAfterMs !== null ? this.#say(line) : null;
  }

  /** What to say to these words of the agent's; null after the goodbye. */
  next(agentSaid: string): DemoCallerLine | null {
    if (this.#last && GOODBYE.test(this.#last.text)) return null;
    const line = this.#choose(agentSaid);
    if (line && this.#said.has(line) && ++this.#repeats > PATIENCE) {
      return this.#say(this.#lines.find(({ text }) => GOODBYE.test(text)));
    }
    return this.#say(line);
  }

  #choose(agentSaid: string): DemoCallerLine | undefined {
    if (MISHEARD.test(agentSaid) && this.#last) return this.#last;
    const answer = ANSWERS.find(([question]) => question.test(agentSaid));
    const wanted = answer && this.#lines.find(({ text }) => answer[1].test(text));
    const isBooking = [...this.#said].some(({ text }) => /\bbook\b/i.test(text));
    return (isBooking ? wanted : undefined) ?? this.#inOrder();
  }

  #inOrder(): DemoCallerLine | undefined {
    return this.#lines.find((line) => !this.#said.has(line));
  }

  #say(line: DemoCallerLine | undefined): DemoCallerLine | null {
    if (!line) return null;
    this.#said.add(line);
    this.#last = line;
    return line;
  }
}
