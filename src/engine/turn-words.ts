/** The words by which an unfinished English turn gives itself away, and those that close one. */
const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));

/** Nobody ends a turn on these: a hesitation, or a word that needs another. */
export const HESITATIONS = set('um uh umm uhm uhh er erm ah hmm hm mm well like so basically');

/** Conjunctions, articles, possessives: what follows is always still to come. */
export const OPENERS = set(
  'and but or nor because cause since although though unless while whereas whether if than ' +
    'the a an my your his our their its every each some any another the ' +
    "i i'm i'd i've i'll we're we'd we've we'll you're they're he's she's it's that's there's what's who's where's " +
    "how's let's gonna wanna gotta very really just quite too also then plus minus which whose either neither except including besides",
);

/** Prepositions: unfinished, unless stranded at the end of a question or of a relative clause. */
export const PREPOSITIONS = set(
  'to for of at in on with from by about into onto near between around during before after until till without ' +
    'through under over above below against toward towards per via as',
);

/** Verbs that need an object or a complement, outside a question that has already named it. */
export const NEEDY_VERBS = set(
  'need want get make take give tell put set bring send have has had got buy reserve wanted needed trying going ' +
    "is are was were be been am isn't aren't wasn't do does did don't doesn't didn't can could will would should " +
    "may might must cannot can't couldn't won't wouldn't shouldn't haven't hasn't hadn't called named said says say means mean " +
    'enter entered press bring brought receive received mark locate mention discuss describe provide include ' +
    'increase decrease',
);

/** Pronouns a stranded preposition or an auxiliary may follow: "what is it for", "yes I am". */
export const PRONOUNS = set('i you he she it we they that this there these those me him her us them one');

export const AUXILIARIES = set(
  "is are was were am isn't aren't wasn't do does did don't doesn't didn't can could will would should may might " +
    "must cannot can't couldn't won't wouldn't shouldn't have has haven't hasn't had",
);

export const QUESTION_WORDS = set(
  "what where when who why how which whose what's where's when's who's how's",
);

/** Openers of a clause that needs a main one. */
export const SUBORDINATORS = set('if when because since although though unless while after before once');

/** Whole utterances that answer. */
export const SHORT_ANSWERS = new Set(
  (
    'yes|yeah|yep|yup|yes please|yeah please|yes thanks|yes thank you|no|nope|nah|no thanks|no thank you|okay|ok|sure|' +
    'all right|alright|right|correct|exactly|of course|absolutely|definitely|fine|great|perfect|thanks|thank you|' +
    'thank you very much|thanks a lot|bye|goodbye|bye bye|good bye|hello|hi|hey|good morning|good afternoon|' +
    "that's right|that's correct|that's all|that's it|that is all|that is it|that's fine|that's good|that works|" +
    'sounds good|please do|go ahead|please|none|nothing|nothing else|never mind|nevermind|stop|not really|maybe|' +
    "i don't know|i'm not sure|not sure|i think so|i guess so|not yet|not today|no that's all|no that's it|anytime|" +
    "that is right|that is correct|that is fine|that is good|yes that is correct|yes that's right|yes that's correct|" +
    "that'll do|that will do|that works for me|that sounds good|sounds great|sounds perfect|that's wrong|" +
    "that is wrong|that's not right|that is not right|that's not correct|that is not correct|" +
    'where are you|who are you|how are you|where are they|who are they|' +
    'no that is all|yes that is right|any time|whatever|either|both|neither|the first one|the second one|' +
    'the last one|the earlier one|the later one|you too|pardon|excuse me|sorry|what|who|when|where|why|how|how much'
  ).split('|'),
);

/** Lead-ins that hold the floor without having said anything yet. */
export const HOLDING =
  /^(?:(?:okay|ok|yes|yeah|no|oh|well|so|actually|um|uh) )*(?:hold on|hang on|wait|wait a (?:second|minute|moment)|one (?:second|moment|sec|minute)|just (?:a|one) (?:second|moment|sec|minute)|give me (?:a|one) (?:second|moment|sec|minute)|let me (?:see|think|check|look)|let me (?:just )?(?:check|look|find|get|grab) (?:it|that|my .*)|actually|well|so|listen|look|also|anyway|by the way|first of all|the thing is|you know|i mean|what about|how about)$/;

/** What a half-said name, number or request begins with. */
export const BARE_LEAD_IN =
  /\b(?:(?:my|the|his|her|our|their) (?:full |last |first |phone |cell |mobile |home |email |e-mail )*(?:name|number|address|email|e-mail|phone|birthday|zip code|problem|question|reason) (?:is|was|would be)(?: (?:it's|its|at|like|uh|um))?|i(?:'m| am) (?:calling|looking|here|trying|hoping|interested)(?: to| for| in| about)?|i was (?:wondering|hoping|thinking|going to|looking)(?: if| whether| to| that| about)?|(?:can|could|may|would|will|do|did|are) (?:i|you|we|they)(?: please)?|(?:i|we)(?:'d| would) (?:like|love|prefer|rather)(?: to)?|(?:i|we) (?:want|need|have)(?: to)?|you can reach me(?: at| on)?|call me(?: back)? (?:at|on)|it starts with|spelled|(?:last|first) name)$/;

/** Conjunctions, articles, prepositions and hesitations by language, for what other languages trail off with. */
export const TRAILING_ABROAD: Record<string, ReadonlySet<string>> = {
  de: set(
    'und oder aber weil dass wenn der die das den dem ein eine einen mein meine mit zu für von in im am an auf bei äh ähm also ich ist',
  ),
  es: set(
    'y o pero porque que si el la los las un una mi mis tu su con de del en para por a al eh este pues me es',
  ),
  fr: set(
    'et ou mais parce que si le la les un une des mon ma mes avec de du à au en pour par euh ben je est',
  ),
  it: set('e o ma perché che se il lo la gli le un una mio mia con di del a da in per su ehm cioè io è'),
  pt: set('e ou mas porque que se o a os as um uma meu minha com de do da em no na para por eh então eu é'),
};
