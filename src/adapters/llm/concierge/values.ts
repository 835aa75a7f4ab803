import type { Json } from '#kernel/json';
import { editDistance } from '#kernel/passage-index';
import { contentTerms } from '#kernel/terms';
import { countIn, spokenDigits } from './numbers.ts';
import type { Param } from './tool-kit.ts';
import type { Utterance } from './utterance.ts';

/** A phone number has this many digits at least; fewer are the beginning of one. */
export const MIN_PHONE_DIGITS = 7;
export const FULL_PHONE_DIGITS = 10;

export interface ValueContext {
  /** The parameter was just asked for: the answer may be bare. */
  asked: boolean;
  /** Things the business offers, in the prompt's words. */
  services: readonly string[];
  callerNumber: string | null;
}

/** What an utterance says for a parameter; undefined when nothing. Days and times are read elsewhere. */
export function valueIn(param: Param, utterance: Utterance, context: ValueContext): Json | undefined {
  switch (param.kind) {
    case 'name':
      return nameIn(utterance, context.asked);
    case 'phone':
      return phoneIn(utterance, context);
    case 'email':
      return emailIn(utterance);
    case 'count':
      return countFor(param, utterance, context.asked);
    case 'choice':
      return choiceIn(param.choices, utterance, context.asked);
    case 'yesNo':
      return context.asked ? yesNo(utterance.text) : undefined;
    case 'text':
      return textIn(param, utterance, context);
    default:
      return undefined;
  }
}

/* ---------- names ---------- */

const NAME_LEAD =
  /\b(?:(?:my|the|his|her|our|their|patient|caller) (?:full |first |last )?name (?:is|would be|should be)(?: actually| now| going to be| spelled)?|name is(?: spelled)?|(?:it|that) is under|(?:put|book) (?:it|me) (?:under|in as)|under the name(?: of)?|under|i am called|call me|this is|i am|it is for|appointment for|for)\s+/gi;
const LOOSE_LEAD =
  /^(?:(?:yes|yeah|sure|okay|ok|oh|well|um|uh|of course|certainly|no|sorry|it is|it's|its|that is|that would be|the name is|name is|my name is|my name's|i'm|i am|this is|actually|for|under)[,.]? +)+/i;
const NOT_NAMES = new Set(
  (
    'wrong too incorrect spelled spelt misspelled missing different great perfect right correct cool nice awesome alright wonderful excellent sounds works go ahead hello hi hey wait maybe nothing none never mind bye goodbye stop again repeat i meant mean said think oh um uh er hmm calling looking trying here just not a an the good fine sure so very interested hoping wondering sorry going having in on at ' +
    'to with about from and or but me my you your we us our it that this what when where why how who is are was do does did can could ' +
    'would will should tomorrow today monday tuesday wednesday thursday friday saturday sunday morning afternoon evening noon next ' +
    'appointment checkup cleaning booking new free available open there need want like book make get have speaking done ready back late ' +
    'yes no okay please thanks thank tonight soon now all set good afraid allergic sick an patient customer one two three four five six ' +
    'seven eight nine ten as instead actually confused hurt already still only also really dr doctor'
  ).split(' '),
);

/** "My name is Ann Smith", "this is John"; bare when asked: "Ann Smith." Spelled letters override: "Smyth, S M Y T H". */
function nameIn({ raw }: Utterance, asked: boolean): string | undefined {
  const spoken = raw
    .replaceAll('’', "'")
    .replace(/\b(my name|name|that|it|this)'s\b/gi, '$1 is')
    .replace(/\bi'm\b/gi, 'I am');
  for (const sentence of spoken.split(/(?<=[.!?])\s+/)) {
    for (const lead of sentence.matchAll(NAME_LEAD)) {
      const strong = /name|under|call/i.test(lead[0]);
      const found = nameWords(sentence.slice(lead.index + lead[0].length), strong || asked);
      if (found !== undefined && /ing$/.test(found) && !strong) continue;
      const sure = strong || asked || /this is|i am/i.test(lead[0]) || found?.includes(' ');
      if (found !== undefined && sure) return found;
    }
  }
  if (
    !asked ||
    spoken.trim().endsWith('?') ||
    /^\s*(?:what|why|how|when|where|can|could|do|does|is|are|who)\b/i.test(spoken)
  )
    return undefined;
  const bare = nameWords(spoken.replace(LOOSE_LEAD, ''), true);
  return bare !== undefined && /^[a-z]+ing\b/.test(spoken.replace(LOOSE_LEAD, '')) ? undefined : bare;
}

/** "My name is Rosa.": an utterance that only says who is speaking; the name. */
export function introduces(utterance: Utterance): string | undefined {
  if (
    utterance.words.length > 7 ||
    !/^(?:(?:hi|hello|yes|hey|okay|oh) )*(?:my name is|this is|i am|it is)\b/.test(utterance.text)
  )
    return undefined;
  return nameIn(utterance, false);
}

/** The words of a name at the start of a text: capitalised, or any when `loose`. */
function nameWords(text: string, loose: boolean): string | undefined {
  const words: string[] = [];
  const letters: string[] = [];
  for (const token of text.split(/[\s]+/)) {
    const bare = token.replace(/[^\p{L}'.-]/gu, '').replace(/^[.'-]+|[.'-]+$/g, '');
    const ended = /[,.!?;]$/.test(token);
    const spelled = /^\p{L}$/u.test(bare) || /^(?:\p{L}[-.])+\p{L}$/u.test(bare);
    if (spelled && !(words.length === 0 && /^[ai]$/i.test(bare) && !ended))
      letters.push(...bare.replace(/[^\p{L}]/gu, ''));
    else {
      if (letters.length > 0 || bare === '' || NOT_NAMES.has(bare.toLowerCase())) break;
      if (!loose && !/^\p{Lu}/u.test(bare)) break;
      words.push(bare);
    }
    if ((ended && !spelled && !/^[A-Z]/.test(text.split(token)[1]?.trim() ?? '')) || words.length === 4)
      break;
    if (/[.!?]$/.test(token) && !spelled && words.length > 1) break;
  }
  if (letters.length >= 2) {
    const spelled = capital(letters.join(''));
    const last = words.at(-1) ?? '';
    const respells =
      last !== '' &&
      (editDistance(last.toLowerCase(), spelled.toLowerCase(), 3) <= 3 ||
        last[0]?.toLowerCase() === spelled[0]?.toLowerCase());
    return [...(respells ? words.slice(0, -1) : words), spelled].map(capital).join(' ');
  }
  return words.length > 0 ? words.map(capital).join(' ') : undefined;
}

const capital = (word: string): string =>
  word
    .split('-')
    .map(
      (part) =>
        part.slice(0, 1).toUpperCase() +
        (part === part.toUpperCase() ? part.slice(1).toLowerCase() : part.slice(1)),
    )
    .join('-');

/* ---------- numbers and addresses ---------- */

function phoneIn({ words, text }: Utterance, context: ValueContext): string | undefined {
  if (
    context.callerNumber !== null &&
    /\b(?:this|same|my current|the) (?:phone )?(?:number|one|phone)\b(?! is)|\bnumber i am calling from\b|\bone i am calling (?:from|on)\b/.test(
      text,
    ) &&
    spokenDigits(words).length < 3
  ) {
    return context.callerNumber;
  }
  const digits = spokenDigits(words);
  const count = digits.replace('+', '').length;
  if (count < MIN_PHONE_DIGITS || count > 15) return undefined;
  return context.asked || count >= FULL_PHONE_DIGITS || /\b(?:number|phone|call|reach)\b/.test(text)
    ? digits
    : undefined;
}

function emailIn({ text }: Utterance): string | undefined {
  const written = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/.exec(text)?.[0];
  if (written !== undefined) return written;
  const joined = text
    .replace(/\b(?:at sign|at)\b/g, '@')
    .replace(/\b(?:dot|period|point)\b/g, '.')
    .replace(/\b(?:underscore)\b/g, '_')
    .replace(/\b(?:dash|hyphen)\b/g, '-')
    .replace(/\s*([@._-])\s*/g, '$1');
  return /[\w.+-]+@[\w-]+(?:\.[a-z]{2,})+/.exec(joined)?.[0];
}

function countFor(param: Param, { words, text }: Utterance, asked: boolean): number | undefined {
  const noun = param.label.replace(/^number of |\b(?:count|size|amount)\b/g, '').trim();
  const people = /\b(?:party|people|guests|persons|seats)\b/.test(param.label);
  const led = people
    ? /\b(?:for|of|we are|there are|table for) (?:\w+ )?(?:people|persons|guests|of us)?/.exec(text)
    : null;
  if (people && /\bjust me\b|\bmyself\b|\bonly me\b/.test(text)) return 1;
  if (people && /\b(\w+) (?:people|persons|guests|of us|adults)\b/.test(text))
    return (
      countIn((/\b(\w+) (?:people|persons|guests|of us|adults)\b/.exec(text)?.[1] ?? '').split(' ')) ??
      undefined
    );
  if (asked || (noun !== '' && text.includes(noun))) return countIn(words) ?? undefined;
  const after = led ? words.slice(words.indexOf('for') + 1, words.indexOf('for') + 2) : [];
  return led && words.includes('table') ? (countIn(after) ?? undefined) : undefined;
}

/** The choice whose words were said; by position too ("the second one") when asked. */
export function choiceIn(
  choices: readonly string[],
  { text, words }: Utterance,
  asked: boolean,
): string | undefined {
  const plain = choices.map((choice) => choice.toLowerCase().replace(/[_-]+/g, ' '));
  const said = plain.findIndex((choice) => ` ${text} `.includes(` ${choice} `));
  if (said >= 0) return choices[said];
  const near = plain.findIndex((choice) =>
    choice
      .split(' ')
      .some(
        (part) =>
          part.length > 3 &&
          words.some((word) => part === word || (part.length > 5 && editDistance(part, word, 1) <= 1)),
      ),
  );
  if (near >= 0) return choices[near];
  if (!asked) return undefined;
  const place = positionIn(text, choices.length);
  return place === null ? undefined : choices[place];
}

/** "The first one", "the last": an index into `count` things; null when none is named. */
export function positionIn(text: string, count: number): number | null {
  const order = ['first', 'second', 'third', 'fourth'];
  const named = order.findIndex((word) =>
    new RegExp(`\\b(?:the )?${word}(?: one| time| slot| option)?\\b`).test(text),
  );
  if (named >= 0 && named < count) return named;
  if (/\bthe (?:last|latest|later)\b(?: one| time| slot| option)?\b/.test(text)) return count - 1;
  if (
    /\bthe (?:earliest|earlier|soonest)\b(?: one| time| slot| option)?\b|\b(?:any|either)(?: one| of (?:them|those|these)| time| is fine| works)?\b/.test(
      text,
    )
  )
    return count > 0 ? 0 : null;
  return null;
}

function yesNo(text: string): boolean | undefined {
  if (/^(?:no|nope|not|nah)\b/.test(text)) return false;
  return /^(?:yes|yeah|yep|sure|okay|correct|right|i do|i am|it is|please)\b/.test(text) ? true : undefined;
}

/* ---------- free text ---------- */

const MESSAGE_LEAD =
  /\b(?:(?:leave|take|give|pass on|with) (?:\w+ )?(?:a )?message(?: for [\w.' ]{2,20}?)?(?: (?:that|saying|to say)|[:,])|(?:my|the) message is(?: that)?|(?:please )?(?:tell|let) (?:him|her|them|the (?:doctor|dentist|team|office|staff|manager|owner)|dr\.? \w+|doctor \w+|mr\.? \w+|mrs\.? \w+|ms\.? \w+)(?: know)?(?: that)?)\s+(.{4,})$/i;
const FILLER_LEAD = /^(?:(?:yes|yeah|sure|okay|ok|um|uh|well|so)[,.]? +)+/i;

function textIn(param: Param, utterance: Utterance, context: ValueContext): string | undefined {
  const raw = utterance.raw.trim();
  if (/\bmessages?\b|\bnotes?\b/.test(param.label)) {
    const led = MESSAGE_LEAD.exec(raw)?.[1];
    if (led !== undefined) return sentence(led);
    if (/\bcall (?:me|us) back\b/.test(utterance.text)) return sentence(raw);
    if (introduces(utterance)) return undefined;
    return context.asked && raw.split(' ').length > 1 ? sentence(raw.replace(FILLER_LEAD, '')) : undefined;
  }
  if (/\b(?:reason|service|treatment|purpose|type|procedure|subject|notes?)\b/.test(param.label)) {
    return serviceIn(utterance, context.services) ?? (context.asked ? strip(raw) : undefined);
  }
  const led = new RegExp(
    `\\b${param.label.split(' ').at(-1)} (?:is|number|id|of|called)? ?(?:is )?([\\w -]{2,40})`,
    'i',
  ).exec(utterance.text)?.[1];
  if (/\b(?:number|id|code|zip|order|account|reference|tracking)\b/.test(param.label)) {
    const digits = spokenDigits(utterance.words);
    if (digits !== '' && (context.asked || led !== undefined)) return digits;
  }
  if (context.asked) return strip(raw);
  return undefined;
}

const strip = (raw: string): string | undefined => {
  const text = raw
    .replace(FILLER_LEAD, '')
    .replace(/^(?:it is|it's|that's|that is|the|my \w+ is)\s+/i, '')
    .replace(/[.!?,]+$/, '')
    .trim();
  return text === '' ? undefined : text;
};

const sentence = (text: string): string => {
  const trimmed = text.trim();
  return (trimmed[0]?.toUpperCase() ?? '') + trimmed.slice(1);
};

/** What the appointment is for: a service the prompt knows, else the words after "book a …". */
export function serviceIn({ text }: Utterance, services: readonly string[]): string | undefined {
  const known = [...services]
    .sort((a, b) => b.length - a.length)
    .find((service) => ` ${text} `.includes(` ${service} `));
  if (known !== undefined) return known;
  const terms = contentTerms(text);
  const near = services.find((service) => {
    const wanted = contentTerms(service);
    return (
      wanted.length > 0 && wanted.every((term) => terms.some((said) => said === term || isNear(said, term)))
    );
  });
  if (near !== undefined) return near;
  const booked =
    /\b(?:book|schedule|make|need|want|like|get|reserve|have)(?: me| myself| in)?(?: for)? (?:an? |my |some )((?:[a-z]+ ){0,2}?[a-z]+?)(?: (?:appointment|booking|session|slot))?(?= (?:for|on|at|tomorrow|today|next|this|please|with|in|some|as|any)\b|$)/.exec(
      text,
    )?.[1];
  if (booked === undefined || NOT_SERVICES.test(booked)) return undefined;
  return booked;
}

const isNear = (said: string, term: string): boolean =>
  term.length > 4 &&
  said[0] === term[0] &&
  editDistance(said, term, term.length > 7 ? 2 : 1) <= (term.length > 7 ? 2 : 1);

const NOT_SERVICES =
  /\b(?:appointment|booking|reservation|time|slot|visit|message|question|person|human|look|few|moment|minute|second|table|new|another|different|quick|call|something|one|day|morning|afternoon|evening|monday|tuesday|wednesday|thursday|friday|saturday|sunday|information|number|name|callback|refund|problem|issue|emergency|toothache|pain|list|discount|coffee)\b/;
