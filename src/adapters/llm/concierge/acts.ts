import { readUtterance, type Utterance } from './utterance.ts';

/** What an utterance does in the conversation, besides what it says. */
export type Act =
  | 'greet'
  | 'bye'
  | 'done'
  | 'thanks'
  | 'repeat'
  | 'robot'
  | 'person'
  | 'stop'
  | 'hold'
  | 'neverMind'
  | 'again'
  | 'capability'
  | 'whoAreYou'
  | 'howAreYou'
  | 'affirm'
  | 'deny'
  | 'clock'
  | 'hearMe'
  | 'leaveMe'
  | 'continue';

const RULES: readonly (readonly [Act, RegExp])[] = [
  [
    'bye',
    /\b(?:goodbye|bye|good night|see you(?: (?:then|soon|later|tomorrow|on \w+))?|talk to you (?:later|soon)|have a (?:nice|good|great|lovely) (?:day|one|evening|weekend|afternoon)|you can hang up)\b/,
  ],
  [
    'done',
    /\b(?:that is|that was|that will be|that would be) (?:all|it|everything)\b|\bnothing (?:else|more)\b|\bi am (?:all set|good(?: thanks| thank you)?$|done)\b|\bno(?:thing)? more questions\b|\bthat is all i\b/,
  ],
  ['thanks', /\b(?:thank(?:s| you)|cheers|appreciate (?:it|that))\b/],
  [
    'repeat',
    /^(?:(?:i am )?sorry|pardon(?: me)?|excuse me|what|huh|come again)(?: (?:what|pardon|sorry))?$|\b(?:say|repeat) (?:that|it|this)(?: (?:again|please|one more time|once more))*\b|\b(?:repeat that|come again|one more time|once more|again please|say again)\b|\bwhat (?:was that|did you (?:just )?say|was it)\b|\b(?:did not|could not|can not|do not) (?:quite )?(?:catch|hear|get|understand) (?:that|you|it|what you)\b|\bcan you (?:please )?repeat\b|\bwhat (?:do|did) you (?:need|want)(?: to know)?(?: from me)?$|\bwhat was the question\b/,
  ],
  [
    'continue',
    /^(?:(?:please )?(?:go on|continue|carry on|keep going)|what were you saying|you were saying|yes go on|yes continue)(?: please)?$/,
  ],
  [
    'robot',
    /\b(?:are|is) (?:you|this|it) (?:really |even |actually )?(?:an? )?(?:real |actual |live )?(?:robot|bot|machine|computer|ai|a i|human|human being|person|recording|automated|artificial intelligence|chatbot|real)\b|\bam i (?:talking|speaking) (?:to|with) (?:an? )?(?:real |actual |live )?(?:robot|bot|machine|computer|ai|human|person|recording)\b/,
  ],
  [
    'person',
    /\b(?:speak|talk|connect|transfer|put|pass|switch|get)\b(?: me)?(?: \w+){0,3}? (?:to|with|through|on|over)\b.*|\b(?:real|actual|live|human) (?:person|human|being|agent|someone)\b|^(?:operator|representative|agent|human|receptionist|person)(?: please)?$|\btransfer me\b|\b(?:i )?(?:want|need) (?:a|an) (?:person|human|operator|representative|agent)\b/,
  ],
  [
    'hearMe',
    /^(?:(?:hello|hi|hey|yes|sorry|so) )*(?:can you hear me|are you (?:still )?there|(?:is )?(?:anyone|anybody|someone|somebody) there|do you hear me)\b/,
  ],
  [
    'leaveMe',
    /\b(?:stop calling|do not call (?:me|this|here|again)|take me off|remove (?:me|my number)|not interested|unsubscribe)\b/,
  ],
  [
    'stop',
    /^(?:(?:okay|ok|please|no|just|can you|could you) )*(?:stop(?: talking| it| that| please)?|be quiet|quiet|shut up|enough)(?: please)?$/,
  ],
  [
    'hold',
    /^(?:(?:okay|ok|oh|no|um|uh|yes|sorry|please) )*(?:wait(?: (?:a|one) (?:second|moment|minute|sec))?|hold on|hang on|(?:just )?(?:one|a) (?:second|moment|minute|sec)|give me (?:a|one) (?:second|moment|minute|sec)|let me (?:see|think|check|look)(?: .{0,30})?)(?: please)?(?: (?:wait|hold on|please|a second|a moment|a minute|wait a minute))?$|^.{0,25} (?:one|just a|give me a) (?:second|moment|minute|sec)(?: please)?$/,
  ],
  [
    'neverMind',
    /\b(?:never mind|forget (?:it|that|about it|about that)|scratch that|changed my mind|leave it|do not (?:book|bother|send|do) (?:it|that|anything)?|cancel (?:that|it|the booking process)|i (?:do not|no longer) want (?:it|that|to)|i will (?:call|try) (?:you )?(?:back|again|later|another time))\b/,
  ],
  ['again', /\b(?:try (?:it |that )?(?:again|once more)|one more try)\b/],
  [
    'capability',
    /\bwhat (?:else )?(?:can|do) you (?:do|help(?: me)? with|offer)\b|\bhow can you help\b|\bwhat are my options\b|^help(?: me)?$|\bwhat can i (?:ask|say|do)\b/,
  ],
  [
    'whoAreYou',
    /\bwho (?:are you|is this|am i (?:speaking|talking)|is speaking)\b|\bwhat is your name\b|\bwho is (?:on the line|there)\b/,
  ],
  [
    'howAreYou',
    /\bhow (?:are|is) (?:you|it going|your day|things)\b(?! (?:open|located))|\bhow do you do\b|\band (?:you|yourself)$|\bhow have you been\b/,
  ],
  [
    'clock',
    /\bwhat (?:day|date) is (?:it|today)\b|\bwhat time is it\b|\bwhat is (?:the date|today s date|todays date|the time)\b|\bdo you (?:have|know) the time\b/,
  ],
  [
    'affirm',
    /^(?:(?:oh|well|uh|um|ah|so|and) )*(?:yes|yeah|yep|yup|yea|sure|okay|ok|right|correct|please do|go ahead|that (?:is|will be|would be|sounds) (?:right|correct|fine|good|great|perfect|okay|wonderful|lovely|it)|sounds (?:good|great|fine|right)|perfect|great|exactly|absolutely|of course|definitely|mhm|that (?:works|one is fine)|works for me|fine|do (?:it|that)|book it|yes please|i would|i do|let us do (?:it|that)|why not|alright|all right|good|indeed|please)\b/,
  ],
  [
    'deny',
    /^(?:(?:oh|well|uh|um|ah|sorry|actually|hmm) )*(?:no|nope|nah|not (?:really|quite|right|yet|that|today|now)|that is (?:wrong|not)|incorrect|wrong|do not|negative|rather not|i would rather not|that does not)\b/,
  ],
  ['greet', /^(?:(?:oh|well|um|uh|yes) )*(?:hello|hi|hey|good (?:morning|afternoon|evening)|howdy)\b/],
];

/** Someone to be put through to, after "speak to", "put me through to". */
const SOMEONE =
  /\b(?:person|human|someone|somebody|anyone|agent|representative|operator|receptionist|manager|staff|owner|people|team|department|doctor|dr|dentist|colleague|assistant|supervisor|boss|desk|office|sales|support|billing|reception|service|mr|mrs|ms|him|her|them|line|through|technician|nurse|stylist|else)\b/;

/** The acts of an utterance; several may hold ("Thanks, bye"). */
export function actsOf({ text }: Utterance): ReadonlySet<Act> {
  const acts = new Set<Act>();
  for (const [act, pattern] of RULES) {
    const match = pattern.exec(text);
    if (match) acts.add(act);
  }
  if (acts.has('robot') || (acts.has('person') && !isForPerson(text))) acts.delete('person');
  if (acts.has('repeat') && text.split(' ').length > 9) acts.delete('repeat');
  if (acts.has('deny')) acts.delete('affirm');
  if (/\bno(?:t)? problem\b|\bno worries\b/.test(text)) acts.delete('deny');
  return acts;
}

function isForPerson(text: string): boolean {
  const asked = /\b(?:speak|talk|connect|transfer|put|pass|switch|get)\b.*$/.exec(text)?.[0] ?? text;
  return SOMEONE.test(asked) || /\btransfer\b/.test(text);
}

const ASKS =
  /^(?:(?:and|so|okay|ok|well|oh|um|uh|yes|no|sorry|also|but|hi|hello|hey|great|thanks|thank you|alright|actually|wait|first|then|by the way|just|quick question|one more thing|please|good (?:morning|afternoon|evening)) )*(?:what|when|where|who|why|how|which|whose|if|whether|is|are|do|does|did|can|could|will|would|should|may|have|has|am|was|were|any|tell me|what about|how about)\b/;
const ASKS_INSIDE =
  /\b(?:i (?:would like|want|wanted|need|was wondering|am wondering|am calling) (?:to (?:know|ask|find out|check)|about|if|whether|what|when|where|how)|(?:tell|let) me (?:know )?(?:about|what|when|where|how|if|your)|(?:do|can|could) you (?:know|tell)|question about|wondering (?:if|what|when|where|how|about)|asking about|curious about|interested in|how (?:much|late|long|early|far)|what (?:time|are|is|s))\b/;

/** The parts of what was said that ask something, each a question of its own, in normalised words. */
export function questionsIn({ raw, text }: Utterance, known?: (word: string) => boolean): string[] {
  const asking = raw
    .split(/(?<=[.?!])\s+|,? and (?=(?:what|when|where|how|who|do|does|is|are|can|if|whether)\b)/i)
    .map((part) => ({ asks: part.trim().endsWith('?'), words: readUtterance(part, known).text }))
    .filter(({ asks, words }) => words !== '' && (asks || ASKS.test(words) || ASKS_INSIDE.test(words)));
  if (asking.length > 0) return asking.map(({ words }) => words);
  return ASKS.test(text) || ASKS_INSIDE.test(text) ? [text] : [];
}
