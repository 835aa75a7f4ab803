import type { Act } from './acts.ts';
import type { KnownTool } from './tool-kit.ts';
import type { Utterance } from './utterance.ts';
import { serviceIn } from './values.ts';
import type { World } from './world.ts';

const BOOKS =
  /\b(?:book|schedule|reserve|set up|make|arrange|get|need|want|have|like)\b(?: \w+){0,5}? (?:appointment|appointments|booking|reservation|table|slot|checkup|session|consultation|visit)\b|\b(?:can|could|may) (?:i|we) (?:book|schedule|reserve|come in|get in|come by)\b|\b(?:i|we) (?:would like|want|need|am calling|would love|am hoping|was hoping) to (?:book|schedule|reserve|come in|get in|be seen|see (?:the|a|doctor|dr|someone)|make an)\b|\bbook me\b|\b(?:you(?: guys)?|we) (?:have|got) (?:any |an? |some )?(?:openings?|slots?|appointments?|availability|free (?:slots?|times?|tables?))\b|\b(?:have|got|is there|are there)(?: got)? (?:any ?(?:thing|time)|space|room|a time)(?: (?:free|available|open|left))?(?: (?:on|for|today|tomorrow|tonight|this|next|in the|before|after|at|earlier|later|sooner|around)\b|$)|\bwhat time is (?:free|available)\b|\b(?:what|which|any) (?:times|slots?|openings?|appointments?|availability)\b.*\b(?:have|free|open|available|on|tomorrow|today|left)\b|\b(?:when|what time) (?:can|could) (?:i|we) (?:come|get|be seen|book|have)\b|\b(?:when is|what is) (?:your|the) (?:next|first|earliest) (?:available|free|opening|slot|appointment)|^(?:(?:hi|hello|yes|okay) )*(?:an? |one )?(?:table|appointment|reservation|slot|booking) (?:for|on|at|tomorrow|today|tonight|this|next)\b|^(?:(?:an? )?(?:new )?appointment|booking|a reservation|schedule|to book|book)(?: please)?(?: \w+){0,5}$/;

const ASKS_HOURS = /\b(?:do|are|will) you (?:guys )?(?:open|close|closed)\b|\b(?:opening|business) hours\b/;

const CHANGES =
  /\b(?:cancel|reschedule|rebook|move|change|postpone|confirm|check)\b(?: \w+){0,3}? (?:appointment|booking|reservation|visit|order)\b|\breschedule\b/;

const MESSAGE =
  /\b(?:leave|take|give|pass on|send|get)\b(?: \w+){0,3}? (?:a )?message\b|\b(?:tell|let) (?:him|her|them|the (?:doctor|dentist|team|office|staff|manager|owner)|dr \w+|doctor \w+|mr \w+|mrs \w+|ms \w+)(?: know)?\b|\b(?:call|ring|phone) (?:me|us) back\b|\b(?:a|my) call ?back\b|\bhave (?:someone|somebody|him|her|them) call me\b/;

const PAIN =
  /\b(?:toothache|broken tooth|my tooth|it hurts|in pain|(?:need|want|like) to (?:get|have) (?:my|an?|some) \w+|need (?:an?|my|some) \w+(?: \w+)? (?:done|cut|fixed|checked|repaired|looked at)|have (?:it|this|my \w+) (?:looked at|checked|fixed|repaired))\b/;

/**
 * The tool that an utterance asks for, if it asks for one. While another task is open only a clear change of mind
 * opens a new one.
 */
export function intentOf(
  utterance: Utterance,
  acts: ReadonlySet<Act>,
  { world, busy }: { world: World; busy: KnownTool | null },
): KnownTool | undefined {
  const { text } = utterance;
  const { kit } = world;
  if (acts.has('person')) {
    const transfer = kit.byRole('transfer');
    if (transfer) return transfer;
  }
  const wantsMessage = MESSAGE.test(text) && !/\b(?:did|do) you (?:get|have) my message\b/.test(text);
  if (wantsMessage && kit.byRole('message')) return kit.byRole('message');
  if (CHANGES.test(text) || busy?.role !== 'book') {
    const own = kit.match(text);
    if (own && (busy === null || CHANGES.test(text))) return own;
  }
  if (CHANGES.test(text) && !/\b(?:book|make) (?:an?|another)\b/.test(text)) return undefined;
  if (busy !== null) return undefined;
  const book = kit.byRole('book');
  if (!book || ASKS_HOURS.test(text)) return undefined;
  return BOOKS.test(text) || PAIN.test(text) || wantsService(utterance, world) ? book : undefined;
}

/** What an utterance wants changed that no tool can change; it must not be mistaken for a new booking. */
export const wantsChange = (text: string): boolean => CHANGES.test(text);

/** Whether an utterance asks for a booking, with or without a tool for it. */
export const wantsBooking = (text: string): boolean => BOOKS.test(text) && !ASKS_HOURS.test(text);

export const wantsMessage = (text: string): boolean => MESSAGE.test(text);

/** "I need a cleaning", "a haircut tomorrow, please": a service of the prompt that is wanted, not asked about. */
function wantsService(utterance: Utterance, { briefing, kit }: World): boolean {
  if (
    !/\b(?:i|we|my \w+) (?:would like|want|need|would love|am due for|needs)\b|\bplease\b|\bcan i (?:get|have)\b|\bbook\b|\bschedule\b/.test(
      utterance.text,
    )
  )
    return false;
  if (/\b(?:how much|price|cost|know|ask|question|tell me|what)\b/.test(utterance.text)) return false;
  const choices =
    kit
      .byRole('book')
      ?.params.flatMap((param) =>
        param.choices.map((choice) => choice.toLowerCase().replace(/[_-]+/g, ' ')),
      ) ?? [];
  const services = [...briefing.services, ...choices];
  const service = serviceIn(utterance, services);
  return service !== undefined && services.includes(service);
}
