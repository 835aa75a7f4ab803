const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Words that say nothing of what a question is about. */
const STOP_WORDS = set(
  'a an the and or but so if then than that this these those there here it its is are am was were be been being do ' +
    'does did doing done have has had having will would can could shall should may might must i me my mine you your ' +
    'yours we us our ours they them their he him his she her of to in on at for from by with about into as up out ' +
    'off over again not no yes please thanks thank okay ok well just also too very really what which who whom whose ' +
    'how when where why some any all each every other such only own same tell know like want need get got let say ' +
    'hi hello hey um uh er oh right sure actually wondering wonder question ask asking guys something anything ' +
    'someone anyone maybe possible able kind sort one ones ll ve re d s t m don doesn didn isn aren wasn won more ' +
    'many much lot give take takes come go going make use used been see think look looking try trying help sorry way still else first wanted called calling quick wait hold hang stop ' +
    'anywhere somewhere everywhere bring exactly currently usually normally typically generally lot area nearby near ' +
    'around day days week weeks time times place business company find regarding concerning kindly today next sometime someday',
);

/** Words that mean the same to a caller; each becomes the concept it stands for. */
const CONCEPTS: Readonly<Record<string, string>> = {
  '§hours':
    'open opens opening opened hour hours close closes closing closed schedule till until shut oclock',
  '§price':
    'price prices pricing cost costs charge charges fee fees rate rates dollar dollars euro euros pound pounds cheap expensive quote',
  '§place': 'address located location locations where street directions direction situated',
  '§parking': 'park parking parked garage',
  '§insurance': 'insurance insurances insured insurer coverage',
  '§appointment': 'appointment appointments booking bookings reservation reservations',
  '§person':
    'doctor doctors dentist dentists stylist stylists staff team hygienist hygienists therapist therapists practitioner',
  '§child': 'child children kid kids son daughter toddler toddlers pediatric baby',
  '§duration': 'minute minutes duration lasts last',
  '§payment': 'pay pays paying paid payment payments card cards cash credit debit visa mastercard paypal',
  '§cancel': 'cancel cancels cancelled canceled cancellation cancelling canceling reschedule rescheduling',
  '§emergency': 'emergency emergencies urgent pain hurts hurting',
  '§contact': 'phone telephone contact reach',
  '§email': 'email emails mail',
  '§web': 'website web site online internet',
  '§delivery': 'deliver delivery delivers delivering ship shipping ships',
  '§service': 'service services offer offers offered treatment treatments provide provides',
  '§wheelchair': 'wheelchair accessible accessibility disabled ramp elevator lift',
  '§new': 'new register registration signup enroll',
};

const CONCEPT_OF = new Map(
  Object.entries(CONCEPTS).flatMap(([concept, words]) =>
    words.split(' ').map((word) => [word, concept] as const),
  ),
);

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const DAY_SHORT =
  'mon(?:day)?s?|tue(?:s(?:day)?)?s?|wed(?:nesday)?s?|thu(?:rs(?:day)?)?s?|fri(?:day)?s?|sat(?:urday)?s?|sun(?:day)?s?';
const DAY_RANGE = new RegExp(`\\b(${DAY_SHORT})\\s*(?:-|–|to|through|thru|until)\\s*(${DAY_SHORT})\\b`, 'g');

/** Turns of phrase whose single words would mislead. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/\bhow much\b|\bwhat do you charge\b/g, ' §price '],
  [/^\W*(?:and |so |okay )?where\W*$/g, ' §place '],
  [/\bhow long\b/g, ' §duration '],
  [
    /\bhow (?:do|can) i (?:get|come) (?:to|there)\b|\bwhere are you\b|\bwhere is (?:it|that|this)\b/g,
    ' §place ',
  ],
  [/\bwhat time\b|\bhow late\b|\bhow early\b/g, ' §hours '],
  [/\bopen(?:ing)? (?:up|times?)\b|\b(?:business|office) hours\b/g, ' §hours '],
  [/\bzip code\b|\bpostal code\b/g, ' zip §place '],
  [/\be-mail\b/g, ' email '],
  [/\bcheck[- ]up\b/g, ' checkup '],
  [/\bweb ?site\b/g, ' website '],
  [/\bcall you(?: back)?\b/g, ' §contact '],
];

/** All terms of a text for indexing: concepts, stems, days of ranges, the concept of amounts and clock times. */
export function termsOf(text: string): string[] {
  const lower = fold(text);
  const terms = wordTerms(lower);
  if (/[$€£]\s?\d/.test(lower)) terms.push('§price');
  if (/\d{1,2}(?::\d\d)?\s?(?:[ap]\.?m\b|o'?clock)/.test(lower)) terms.push('§hours');
  for (const [, from, to] of lower.matchAll(DAY_RANGE)) terms.push(...daysBetween(from!, to!));
  if (/\bweekends?\b/.test(lower)) terms.push('saturday', 'sunday');
  if (/\bweekdays?\b/.test(lower)) terms.push(...DAYS.slice(0, 5));
  if (/\b(?:daily|every day|seven days|7 days|24\/7)\b/.test(lower)) terms.push(...DAYS);
  return terms;
}

/** The terms of a question that say what it is about, each once. */
export function contentTerms(query: string): string[] {
  return [...new Set(wordTerms(fold(query)))];
}

function fold(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replaceAll('’', "'");
}

function wordTerms(lower: string): string[] {
  let text = lower;
  for (const [pattern, concept] of PHRASES) text = text.replace(pattern, concept);
  const terms: string[] = [];
  for (const word of text.split(/[^\p{L}\p{N}§]+/u)) {
    if (word === '' || STOP_WORDS.has(word)) continue;
    const concept = CONCEPT_OF.get(word);
    terms.push(concept ?? (word.startsWith('§') ? word : stem(word)));
  }
  return terms;
}

function daysBetween(from: string, to: string): string[] {
  const first = DAYS.findIndex((day) => day.startsWith(from.slice(0, 3)));
  const last = DAYS.findIndex((day) => day.startsWith(to.slice(0, 3)));
  if (first < 0 || last < 0) return [];
  const span = (last - first + 7) % 7;
  return Array.from({ length: span + 1 }, (_, at) => DAYS[(first + at) % 7]!);
}

/** A light English stemmer: plurals, -ing, -ed, -er and -ly, after Porter's first step. */
export function stem(word: string): string {
  if (word.length <= 3 || /\d/.test(word)) return word;
  let text = word;
  if (/(?:ss|us|is)$/.test(text)) return text;
  if (text.endsWith('ies') && text.length > 4) text = `${text.slice(0, -3)}y`;
  else if (/(?:ches|shes|sses|xes|zes)$/.test(text)) text = text.slice(0, -2);
  else if (text.endsWith('s')) text = text.slice(0, -1);
  const cut = /^(.*[aeiouy].*)(?:ing|ed)$/.exec(text)?.[1];
  if (cut !== undefined && cut.length >= 3) text = undouble(cut);
  if (text.endsWith('ly') && text.length > 5) text = text.slice(0, -2);
  if (text.length > 4 && text.endsWith('e')) text = text.slice(0, -1);
  return text;
}

const undouble = (text: string): string => (/([bdfgmnprt])\1$/.test(text) ? text.slice(0, -1) : text);
