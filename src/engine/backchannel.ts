/** Noises of listening that mean the same in every language; matched against a word without hyphens. */
const NOISE =
  /^(?:m+|m+h+m*|m+h+u+m+|h+m+h*m*|h+u+h*|u+h+|u+m+h*u*m*|u+h+h+u+h+|u+h+u+h+|a+h+|a+h+a+|o+h+|e+r+m*|e+h+|h+a+)$/;

/** Noises among those that say yes when the agent has asked something. */
const YES_NOISE = /^(?:m+h+m+|m+h+u+m+|u+h+h?u+h+|u+m+h+u+m+|a+h+a+)$/;

/** Phrases of agreement and of attention. Agreement turns into an answer while a question is open. */
interface Phrases {
  agreement: ReadonlySet<string>;
  attention: ReadonlySet<string>;
}

const PHRASES: Record<string, Phrases> = {
  en: phrases(
    'yes|yeah|yea|ya|yep|yup|okay|ok|kay|k|all right|alright|right|sure|sure thing|of course|correct|exactly' +
      '|absolutely|definitely|indeed|true|thats right|thats correct|thats true|fine|good|great|perfect' +
      '|sounds good|fair enough|cool|nice',
    'i see|i understand|understood|got it|gotcha|got you|makes sense|that makes sense|wow|really|interesting' +
      '|i know|no problem|no worries',
  ),
  es: phrases(
    'sí|si|vale|claro|bueno|bien|correcto|exacto|de acuerdo|está bien|perfecto',
    'ya|ya veo|entiendo|entendido|ajá',
  ),
  fr: phrases(
    "oui|ouais|d'accord|daccord|ok|bien sûr|très bien|exactement|voilà|bon|parfait",
    'je vois|je comprends|compris|ah bon',
  ),
  de: phrases(
    'ja|jo|genau|okay|ok|gut|richtig|klar|stimmt|in ordnung|alles klar|super',
    'verstehe|ich verstehe|achso|ach so|verstanden',
  ),
  it: phrases("sì|si|va bene|certo|esatto|giusto|ok|perfetto|d'accordo", 'capisco|ho capito|capito'),
  pt: phrases('sim|certo|está bem|tá|tá bom|claro|exato|ok|perfeito', 'entendo|entendi|percebo'),
};

const LONGEST_PHRASE_WORDS = 3;
const LONGEST_UTTERANCE_WORDS = 6;

/**
 * Whether an utterance only says "I am listening" ("mhm", "okay", "right, I see"), so that it must not stop the agent.
 * True only when the whole utterance is made of such words: "okay, stop" and "right, but" are not.
 *
 * `language` is BCP 47; an unknown one knows the noises only. With `agentAsked` (a question of the agent is open)
 * words of agreement are answers, and so not backchannels. "No" never is one.
 */
export function isBackchannel(
  text: string,
  language: string,
  options: { agentAsked?: boolean } = {},
): boolean {
  const words = listeningWords(text);
  if (words.length === 0 || words.length > LONGEST_UTTERANCE_WORDS) return false;
  const known = PHRASES[language.slice(0, 2).toLowerCase()];
  const agentAsked = options.agentAsked === true;
  for (let at = 0; at < words.length; ) {
    const taken = takenAt(words.slice(at, at + LONGEST_PHRASE_WORDS), known, agentAsked);
    if (taken === 0) return false;
    at += taken;
  }
  return true;
}

/** Words in lower case without punctuation; hyphens inside a word go ("mm-hmm" is one word, "uh huh" two). */
function listeningWords(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[-–]/g, '')
    .replace(/[^\p{L}\p{N}' ]+/gu, ' ')
    .split(/\s+/)
    .map((word) => word.replace(/^'+|'+$/g, '').replace(/^that's$/, 'thats'))
    .filter((word) => word !== '');
}

/** How many of the coming words one listening phrase takes up; 0 when they are no such phrase. */
function takenAt(coming: readonly string[], known: Phrases | undefined, agentAsked: boolean): number {
  for (let length = coming.length; length > 0; length--) {
    const phrase = coming.slice(0, length).join(' ');
    const noise = phrase.replace(' ', '');
    if (known?.attention.has(phrase)) return length;
    if (known?.agreement.has(phrase)) return agentAsked ? 0 : length;
    if (length <= 2 && NOISE.test(noise)) return agentAsked && YES_NOISE.test(noise) ? 0 : length;
  }
  return 0;
}

function phrases(agreement: string, attention: string): Phrases {
  return { agreement: new Set(agreement.split('|')), attention: new Set(attention.split('|')) };
}
