/** Words of feeling and their weight. Pain and illness are no feelings towards the call. */
const WEIGHTS: Readonly<Record<string, number>> = {
  ...weighted(
    2,
    'excellent amazing awesome fantastic wonderful brilliant delighted love lovely outstanding superb',
  ),
  ...weighted(
    1,
    'great perfect happy pleased glad helpful good nice awesome cool appreciate impressed friendly fine best',
  ),
  ...weighted(0.5, 'thanks thank cheers okay sure'),
  ...weighted(
    -1,
    'bad wrong annoying annoyed disappointed disappointing unhappy slow confused confusing rude problem complain complaint late mistake unacceptable upset sorry',
  ),
  ...weighted(
    -2,
    'terrible awful horrible ridiculous useless worst angry furious frustrated frustrating hate waste stupid disgusting incompetent scam pathetic',
  ),
};

const NEGATIONS = new Set(
  'not never hardly isn wasn don doesn didn aren cannot won wouldn without'.split(' '),
);
/** Words after which a negation has lost its hold. */
const REACH = 3;
const POSITIVE_FROM = 1.5;
const NEGATIVE_FROM = -1;

/** Polite formulas whose words would mislead. */
const FORMULAS =
  /\b(?:no,? thanks?(?: you)?|no problem|not bad|no worries|sorry\?|sorry,? (?:what|could|can|how|i)|i am sorry|i'm sorry|good (?:morning|afternoon|evening|day)|(?:late|good) (?:afternoon|morning)|how late|too good|wrong number)\b/gi;

/** The caller's mood from the words of their lines: later lines weigh more, a negation turns the word after it. */
export function sentimentOf(lines: readonly string[]): 'positive' | 'neutral' | 'negative' {
  let score = 0;
  for (const [at, line] of lines.entries())
    score += lineScore(line) * (0.6 + (0.4 * (at + 1)) / lines.length);
  if (score >= POSITIVE_FROM) return 'positive';
  return score <= NEGATIVE_FROM ? 'negative' : 'neutral';
}

function lineScore(line: string): number {
  const words = line
    .toLowerCase()
    .replace(FORMULAS, ' ')
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  let score = 0;
  let negatedUntil = -1;
  for (const [at, word] of words.entries()) {
    if (NEGATIONS.has(word)) negatedUntil = at + REACH;
    else if (word === 'no') negatedUntil = at + 1;
    const weight = WEIGHTS[word];
    if (weight !== undefined && Object.hasOwn(WEIGHTS, word)) score += at <= negatedUntil ? -weight : weight;
  }
  return score + (/!{1,}/.test(line) && score !== 0 ? Math.sign(score) * 0.5 : 0);
}

function weighted(weight: number, words: string): Record<string, number> {
  return Object.fromEntries(words.split(' ').map((word) => [word, weight]));
}
