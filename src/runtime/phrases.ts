import type { Phrases } from '#engine/call-plan';

/** What the engine says on its own account, by language; a language that is missing is spoken in English. */
const BY_LANGUAGE: Record<string, Phrases & { announcement: string }> = {
  en: {
    filler: 'One moment, please.',
    reprompt: 'Sorry, that took me too long. Could you say that again?',
    idle: ['Are you still there?', 'Hello? I can hear you whenever you are ready.'],
    idleGoodbye: 'I do not hear anyone, so I will hang up now. Goodbye.',
    timeLimit: 'I am sorry, our time is up. Thank you for calling. Goodbye.',
    trouble: 'I am sorry, something is wrong on our side. Please call again in a little while. Goodbye.',
    announcement: 'This call is recorded.',
  },
  de: {
    filler: 'Einen Moment bitte.',
    reprompt: 'Entschuldigung, das hat zu lange gedauert. Könnten Sie das noch einmal sagen?',
    idle: ['Sind Sie noch da?', 'Hallo? Ich höre Ihnen gerne zu.'],
    idleGoodbye: 'Ich höre niemanden und lege jetzt auf. Auf Wiederhören.',
    timeLimit: 'Leider ist unsere Zeit um. Danke für Ihren Anruf. Auf Wiederhören.',
    trouble: 'Bei uns ist leider eine Störung. Bitte rufen Sie später noch einmal an. Auf Wiederhören.',
    announcement: 'Dieses Gespräch wird aufgezeichnet.',
  },
  es: {
    filler: 'Un momento, por favor.',
    reprompt: 'Perdone, he tardado demasiado. ¿Podría repetirlo?',
    idle: ['¿Sigue ahí?', '¿Hola? Le escucho cuando quiera.'],
    idleGoodbye: 'No oigo a nadie, así que voy a colgar. Adiós.',
    timeLimit: 'Lo siento, se nos ha acabado el tiempo. Gracias por llamar. Adiós.',
    trouble: 'Lo siento, tenemos un problema. Llame de nuevo dentro de un rato, por favor. Adiós.',
    announcement: 'Esta llamada se graba.',
  },
  fr: {
    filler: 'Un instant, s’il vous plaît.',
    reprompt: 'Pardon, cela a pris trop de temps. Pouvez-vous répéter ?',
    idle: ['Êtes-vous toujours là ?', 'Allô ? Je vous écoute.'],
    idleGoodbye: 'Je n’entends personne, je vais donc raccrocher. Au revoir.',
    timeLimit: 'Désolé, le temps est écoulé. Merci de votre appel. Au revoir.',
    trouble: 'Désolé, nous avons un problème. Rappelez un peu plus tard, s’il vous plaît. Au revoir.',
    announcement: 'Cet appel est enregistré.',
  },
};

/** What is said when nothing works any more, in every language, and in English. */
export const TROUBLES: ReadonlySet<string> = new Set(
  Object.values(BY_LANGUAGE).map(({ trouble }) => trouble),
);
export const ENGLISH_TROUBLE = BY_LANGUAGE.en!.trouble;

/** Phrases for a BCP 47 tag; `de-AT` takes `de`. */
export function phrasesFor(language: string): Phrases & { announcement: string } {
  return BY_LANGUAGE[language.slice(0, 2).toLowerCase()] ?? BY_LANGUAGE.en!;
}
