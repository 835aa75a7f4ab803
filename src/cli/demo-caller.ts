/**
 * The caller of the demo once the booking has begun: answers what the agent asks, by the words of its last sentences.
 * Null when the caller has got what it wanted, or has run out of patience.
 */
export class DemoCaller {
  #linesLeft = 10;
  #last = 'I would like to book an appointment.';

  reply(agentSaid: string): string | null {
    if (this.#linesLeft-- === 0) return null;
    const rule = RULES.find(([pattern]) => pattern.test(agentSaid));
    if (!rule) return this.#last;
    const line = rule[1](agentSaid, this.#last);
    if (line !== null) this.#last = line;
    return line;
  }
}

type Rule = readonly [RegExp, (agentSaid: string, last: string) => string | null];

/** The first that fits is taken: a read-back repeats the words that the questions are made of. */
const RULES: readonly Rule[] = [
  [/\b(?:did not|didn't) catch\b|\bsay (?:it|that) again\b/i, (_, last) => last],
  [/\b(?:is|are) booked\b|\bsee you\b|\banything else\b|\byou are all set\b/i, () => null],
  [/\bis that right\b|\bis that correct\b|\bshall i book\b|\bshould i book\b/i, () => 'Yes, that is right.'],
  [/\bname\b[^.]*\?/i, () => 'My name is Anna Miller.'],
  [/\b(?:phone|reach you)\b[^.]*\?/i, () => 'Four one five, five five five, zero one four two.'],
  [/\be-?mail\b[^.]*\?/i, () => 'I have no email address.'],
  [/\b(?:come in for|which service|what is it for|reason)\b[^.]*\?/i, () => 'A consultation, please.'],
  [/\b\d{1,2}(?::\d\d)? ?[AP]\.?M\b/i, (agentSaid) => `${firstTime(agentSaid)} would be great.`],
  [/\bnoon\b/i, () => 'Noon would be great.'],
  [/\b(?:which|what) day\b/i, () => 'Next Tuesday, please.'],
  [/\bwhat time\b/i, () => 'At ten in the morning, please.'],
];

const HOUR_WORDS = [
  '',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

/** The first time that was offered, in words that a telephone carries well. */
function firstTime(agentSaid: string): string {
  const [, hour, minutes, half] = /\b(\d{1,2})(?::(\d\d))? ?([AP])\.?M\b/i.exec(agentSaid)!;
  const spoken = [
    HOUR_WORDS[Number(hour)],
    minutes === undefined || minutes === '00' ? '' : minuteWords(minutes),
  ];
  const part = half!.toUpperCase() === 'A' ? 'in the morning' : 'in the afternoon';
  return `${spoken.filter(Boolean).join(' ')} ${part}`;
}

function minuteWords(minutes: string): string {
  const words: Readonly<Record<string, string>> = { '15': 'fifteen', '30': 'thirty', '45': 'forty five' };
  return words[minutes] ?? minutes;
}
