const INSTRUCTION_HEADING =
  /^(?:(?:conversation|call|response|speaking|voice|general|important|output|behaviou?r(?:al)?|call handling|your) )*(?:rules?|guardrails?|instructions?|style|tone|persona|personality|role|task|tasks|goals?|objectives?|behaviou?r|guidelines?|identity|conversation|flow|script|steps|tools?|limits?|boundaries|constraints?|notes to (?:the )?(?:agent|assistant)|voice|handling)$/i;

/** What an order to the model begins with. */
const IMPERATIVE =
  /^(?:please )?(?:you are|you're|your (?:name|role|job|task|goal|personality|tone|purpose)|act as|always|never|do not|don't|be |keep|speak|use |ask |greet|answer|respond|reply|offer (?:to|them|the caller)|collect|confirm|make sure|ensure|remember|avoid|stay|transfer|call the|only |try to|help (?:the |them|callers?|people|customers?|clients?|patients?)|introduce|tell (?:the |them|callers?)|let (?:the |them|callers?)|check (?:the |for )|book (?:the|an?|appointments?)|take (?:a )?message|say |end the call|under no|personality:|rules?:|tone:|before |after (?:the|booking|you|that)|once |first,? |then,? |when (?:the |a )?(?:caller|user|customer|client|patient|someone|they|you)|if (?:the |a |an )?(?:caller|user|customer|client|patient|someone|somebody|anyone|they|you|asked|a question|unsure|in doubt)|thank (?:the|callers?)|refer to|pretend|follow|today is|the (?:current )?(?:date|time) is|current (?:date|time)|the caller|you (?:help|answer|handle|work|speak|should|must|will|have access|represent|assist|take calls|can (?:book|transfer|use|check|help|take|answer|look|search|call)))\b/i;

const ABOUT_THE_MODEL =
  /\b(?:the caller(?:'s)?|callers?|as an ai|language model|the tool|tools?\b.*\bcall|function call|system prompt|spoken sentences|markup|emoji)\b/i;

/** Whether what stands under a heading is meant for the model and not for callers. */
export function isInstructionHeading(heading: string): boolean {
  return INSTRUCTION_HEADING.test(heading.trim());
}

/** Whether a sentence tells the model how to behave, and so must never be read out. */
export function isInstruction(sentence: string): boolean {
  return IMPERATIVE.test(sentence.trim()) || ABOUT_THE_MODEL.test(sentence);
}

const RULE =
  /^(?:if|when(?:ever)?) (?:the |a |an )?(?:caller|user|customer|client|patient|someone|somebody|anyone|they|callers|people|asked)\s*(?:asks?|wants? to know|inquires?|wonders?|is asked)?\s*(?:you )?(?:about|for|whether|if|how|where|what|when|why)?\s+(.+?),?\s*(?:then )?(?:say|tell (?:them|the caller|him or her)|answer|reply|respond|explain|let them know)(?: with)?(?: that)?[:,]?\s+["“']?(.+?)["”']?$/i;

/** "If someone asks about X, say Y": an answer that the prompt gives word for word; null for any other rule. */
export function ruleOf(sentence: string): { about: string; answer: string } | null {
  const [, about, answer] = RULE.exec(sentence.trim()) ?? [];
  if (about === undefined || answer === undefined || answer.split(' ').length < 3) return null;
  if (/\b(?:the caller|them|transfer|tool)\b/i.test(answer)) return null;
  return { about, answer };
}

const NAME = "[A-Z][\\p{L}'’-]+";
const BUSINESS =
  "((?:the )?[A-Z0-9][\\p{L}\\d&'’.-]*(?:\\s+(?:(?:of|and|the|&|de|la)\\s+)?[A-Z0-9&][\\p{L}\\d&'’-]*)*)";

/** What the prompt calls the assistant and whom it works for; null where it does not say. */
export function hasIdentity(prompt: string): { assistantName: string | null; business: string | null } {
  const named =
    new RegExp(
      `\\b(?:[Yy]ou are|[Yy]ou're|[Yy]our name is|[Nn]ame:|[Cc]alled|[Aa]ct as) (${NAME})(?=[,.;\\n]| (?:the|an?|and|from|at)\\b|$)`,
      'u',
    ).exec(prompt)?.[1] ?? null;
  const working =
    new RegExp(
      `\\b(?:receptionist|assistant|agent|representative|concierge|operator|host|scheduler|secretary|clerk|[Ww]ork(?:s|ing)?|phone|calls|[Bb]ehalf)(?: \\w+){0,2}? (?:of|for|at|from|with) ${BUSINESS}`,
      'u',
    ).exec(prompt)?.[1] ??
    new RegExp(
      `\\b(?:[Bb]usiness(?: [Nn]ame)?|[Cc]ompany(?: [Nn]ame)?|[Oo]rganization|[Pp]ractice|[Ss]alon|[Rr]estaurant|[Cc]linic): ${BUSINESS}`,
      'u',
    ).exec(prompt)?.[1] ??
    new RegExp(`\\b[Ww]elcome to ${BUSINESS}`, 'u').exec(prompt)?.[1] ??
    null;
  return { assistantName: named, business: working?.replace(/[.,]+$/, '') ?? null };
}
