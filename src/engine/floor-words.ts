const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Words by which somebody who is being talked to takes the floor, however short the utterance. */
const CLAIMS: Readonly<Record<string, ReadonlySet<string>>> = {
  en: set(
    'stop wait no nope hello hey hold hang pause enough cancel help what why who when where how which can could ' +
      'would actually but sorry pardon excuse quiet repeat again slower louder operator agent human representative ' +
      "person listen don't",
  ),
  de: set(
    'stopp stop halt warte warten nein moment hallo was warum wer wann wo wie aber entschuldigung langsam',
  ),
  es: set('para pare espera espere no hola qué que por quién cuándo dónde cómo pero perdón perdona disculpe'),
  fr: set('stop arrêtez attendez attends non allô quoi pourquoi qui quand où comment mais pardon excusez'),
  it: set('stop ferma aspetta aspetti no pronto cosa perché chi quando dove come ma scusi scusa'),
  pt: set('pare para espera espere não alô quê porque quem quando onde como mas desculpe desculpa'),
};

/** Those that are believed even of the shortest sound. */
const URGENT = set(
  'stop wait no nope hey hold hello stopp halt warte nein espere arrêtez attendez aspetta não',
);
/** Recognisers find words in sounds shorter than this. */
const SHORTEST_MS = 350;
/** "No" is what recognisers make of "uh-huh"; spoken, they are surer of it than of most words. */
const HUMMED = new Set('no nope nein não non'.split(' '));
const SURE = { ofHummed: 0.75, ofOthers: 0.62 };
/** A recogniser does not make this many words of a hum. */
const MANY_WORDS = 5;

/**
 * Whether words spoken over the agent claim the floor by themselves: many of them, or one such as "wait". To be asked
 * of words that are no listener's noise. `language` is BCP 47; of unknown ones only the number of words counts.
 * `voicedMs` is how long they took, and `confidence` how sure the recogniser is of them, where that is known.
 */
export function claimsFloor(
  text: string,
  language: string,
  { voicedMs, confidence = 1 }: { voicedMs?: number | undefined; confidence?: number | undefined } = {},
): boolean {
  const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
  if (words.length >= MANY_WORDS) return true;
  if (confidence < SURE.ofOthers) return false;
  const isSure = (word: string) => confidence >= SURE.ofHummed || !HUMMED.has(word);
  if (words.some((word) => URGENT.has(word) && isSure(word))) return true;
  if (voicedMs !== undefined && voicedMs < SHORTEST_MS) return false;
  const claims = CLAIMS[language.slice(0, 2).toLowerCase()];
  return claims !== undefined && words.some((word) => claims.has(word) && isSure(word));
}
