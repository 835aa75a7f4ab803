import type { CallAnalysis, TranscriptEntry } from '#core/calls/call';
import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';
import { contentTerms } from '#kernel/terms';
import { sentimentOf } from '#runtime/analysis/sentiment';

/** What a tool did in the call, read from its line of the transcript. */
interface Deed {
  kind: 'booked' | 'message' | 'transfer' | 'other';
  name: string;
  args: JsonObject;
  ok: boolean;
}

const MAX_QUOTE_CHARS = 160;

/** Concepts of a caller's words and what a summary calls them. */
const TOPICS: Readonly<Record<string, string>> = {
  '§hours': 'the opening hours',
  '§price': 'prices',
  '§place': 'the address',
  '§parking': 'parking',
  '§insurance': 'insurance',
  '§payment': 'payment',
  '§cancel': 'changing an appointment',
  '§emergency': 'an urgent problem',
  '§delivery': 'delivery',
  '§wheelchair': 'accessibility',
};

/**
 * An analysis from the transcript's own words, without a model: what the caller asked about, what the tools did, what
 * stayed open. Sentences are fixed English; what nobody can put into a category is quoted.
 */
export function extractAnalysis(transcript: readonly TranscriptEntry[]): CallAnalysis {
  const callers = transcript
    .filter(({ role, text }) => role === 'user' && !text.startsWith('[DTMF'))
    .map(({ text }) => text.trim());
  const deeds = transcript.flatMap((entry) =>
    entry.role === 'tool' || entry.role === 'system' ? (deedOf(entry.text) ?? []) : [],
  );
  const voicemail = transcript.find(({ role, text }) => role === 'system' && text.startsWith('Voicemail'));
  if (callers.length === 0) return silentCall(transcript, deeds, voicemail?.text ?? null);
  const open = unanswered(transcript);
  const sentences = [
    wish(callers),
    ...deeds.map(deedText).filter((text) => text !== null),
    open === null ? null : `The question "${quote(open)}" could not be answered.`,
    ending(callers, deeds),
  ];
  return {
    summary: sentences.filter((sentence) => sentence !== null).join(' '),
    sentiment: sentimentOf(callers),
    disposition: voicemail ? 'voicemail' : dispositionOf(callers, deeds, open !== null),
    extracted: {},
  };
}

function silentCall(
  transcript: readonly TranscriptEntry[],
  deeds: readonly Deed[],
  voicemail: string | null,
): CallAnalysis {
  const left = voicemail?.endsWith('left') === true;
  const transferred = deeds.some(({ kind, ok }) => kind === 'transfer' && ok);
  const answered = transcript.some(({ role }) => role === 'assistant');
  const summary = voicemail
    ? `The call reached a voicemail box${left ? ', where a message was left' : ''}.`
    : transferred
      ? 'The caller said nothing and was put through.'
      : answered
        ? 'The caller said nothing.'
        : 'Nothing was said.';
  const disposition = voicemail ? 'voicemail' : transferred ? 'transferred' : 'no_conversation';
  return { summary, sentiment: 'neutral', disposition, extracted: {} };
}

/* ---------- what the caller wanted ---------- */

const ASKS =
  /\?|\b(?:how much|what|when|where|which|do you|are you|can i|is there|could you tell|i (?:wanted|want|would like|'d like) to (?:know|ask)|wondering)\b/i;
const BOOKS =
  /\b(?:book|schedule|reserve|appointment|reservation|table|come in|see (?:the|a) (?:doctor|dentist))\b/i;
const PERSON =
  /\b(?:speak|talk)\b.*\b(?:to|with)\b.*\b(?:someone|person|human|manager|doctor|agent|representative)\b/i;

/** What the caller came for: subjects of the questions, wishes; a quotation when neither is known. */
function wish(callers: readonly string[]): string {
  const topics = new Set<string>();
  for (const text of callers.filter((line) => ASKS.test(line))) {
    for (const term of contentTerms(text)) {
      const topic = TOPICS[term];
      if (topic !== undefined) topics.add(topic);
    }
  }
  const parts: string[] = [];
  if (topics.size > 0) parts.push(`asked about ${list([...topics])}`);
  if (callers.some((line) => BOOKS.test(line) && !/\b(?:cancel|reschedule)\b/i.test(line)))
    parts.push('wanted an appointment');
  if (callers.some((line) => PERSON.test(line))) parts.push('wanted to speak to a person');
  if (parts.length > 0) return `The caller ${list(parts)}.`;
  const best = callers.toSorted((a, b) => contentTerms(b).length - contentTerms(a).length)[0]!;
  return `The caller said: "${quote(best)}".`;
}

const list = (parts: readonly string[]): string =>
  parts.length <= 1 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;

function quote(text: string): string {
  const bare = text
    .replace(/\s+/g, ' ')
    .replace(/"/g, "'")
    .replace(/[.\s]+$/, '');
  return bare.length <= MAX_QUOTE_CHARS ? bare : `${bare.slice(0, MAX_QUOTE_CHARS).replace(/\s+\S*$/, '')} …`;
}

/** The caller's question before the assistant's last "I do not know", when nothing came of it. */
function unanswered(transcript: readonly TranscriptEntry[]): string | null {
  const at = transcript.findLastIndex(
    ({ role, text }) =>
      role === 'assistant' &&
      /\b(?:do not|don't) (?:have|know)\b.*\b(?:information|that|answer)|\bnot able to (?:answer|help)\b/i.test(
        text,
      ),
  );
  if (at < 0) return null;
  return transcript.slice(0, at).findLast(({ role }) => role === 'user')?.text ?? null;
}

/* ---------- what was done ---------- */

const TOOL_LINE = /^([\w-]+)\((.*?)\)(?: -> (.*))?$/s;

function deedOf(text: string): Deed | null {
  const transfer = /^Transfer to (.+): (started|done|failed)$/.exec(text);
  if (transfer)
    return transfer[2] === 'started'
      ? null
      : { kind: 'transfer', name: 'transfer', args: {}, ok: transfer[2] === 'done' };
  const [, name, args, result] = TOOL_LINE.exec(text) ?? [];
  if (name === undefined || result === undefined) return null;
  const label = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .toLowerCase();
  if (/\b(?:transfer|end call|hang up|search|knowledge|find|get|list|check|digits)\b/.test(label))
    return null;
  const parsed = parseJson(args ?? '');
  const books =
    /\b(?:book|schedule|reserve)\b|\b(?:create|make|add)\b.*\b(?:appointment|booking|reservation|meeting)\b/.test(
      label,
    );
  const kind =
    books && !/\bcancel\b/.test(label) ? 'booked' : /\bmessage\b|\bnote\b/.test(label) ? 'message' : 'other';
  const answer = parseJson(result);
  const ok =
    !result.startsWith('failed: ') &&
    !(isJsonObject(answer) && (answer.error !== undefined || answer.success === false));
  return { kind, name: label, args: isJsonObject(parsed) ? parsed : {}, ok };
}

function deedText({ kind, name, args, ok }: Deed): string | null {
  if (kind === 'transfer')
    return ok ? 'The caller was put through to a person.' : 'Putting the caller through failed.';
  if (kind === 'other') return ok ? `"${name}" was done.` : `"${name}" failed.`;
  const who = value(args, /name/i);
  if (kind === 'message') {
    const words = value(args, /message|text|note/i);
    if (!ok) return 'A message could not be stored.';
    return `A message${who === null ? '' : ` from ${who}`} was taken${words === null ? '.' : `: "${quote(words)}".`}`;
  }
  if (!ok) return 'A booking was tried and failed.';
  const what = value(args, /reason|service|treatment|type/i);
  const date = value(args, /date|start|when/i);
  const time = value(args, /^time$|start_?time$/i);
  const moment =
    date === null ? '' : ` on ${date}${time === null || date.includes('T') ? '' : ` at ${time}`}`;
  return `An appointment${who === null ? '' : ` for ${who}`} was booked${moment}${what === null ? '' : ` (${what})`}.`;
}

function value(args: JsonObject, key: RegExp): string | null {
  const found = Object.entries(args).find(
    ([name, one]) => key.test(name) && typeof one === 'string' && one !== '',
  );
  return found ? String(found[1]) : null;
}

/* ---------- how it came out ---------- */

const REFUSES =
  /\b(?:not interested|stop calling|do not call|don't call|take me off|remove me|remove my number)\b/i;
const CALL_BACK = /\bcall (?:me )?back\b|\bcallback\b/i;
const GOODBYE = /\b(?:good ?-?bye|bye|that is all|that's all|have a (?:nice|good|great))\b/i;

function dispositionOf(callers: readonly string[], deeds: readonly Deed[], hasOpenQuestion: boolean): string {
  const done = (kind: Deed['kind']) => deeds.some((deed) => deed.kind === kind && deed.ok);
  if (callers.some((line) => REFUSES.test(line))) return 'not_interested';
  if (done('booked')) return 'appointment_booked';
  if (done('transfer')) return 'transferred';
  if (done('message'))
    return callers.some((line) => CALL_BACK.test(line)) ? 'callback_requested' : 'message_taken';
  if (deeds.some(({ ok }) => !ok) || hasOpenQuestion) return 'not_resolved';
  if (done('other')) return 'request_handled';
  if (callers.some((line) => BOOKS.test(line))) return 'not_resolved';
  return callers.some((line) => ASKS.test(line)) ? 'question_answered' : 'no_outcome';
}

function ending(callers: readonly string[], deeds: readonly Deed[]): string | null {
  if (deeds.some(({ kind, ok }) => kind === 'transfer' && ok)) return null;
  return GOODBYE.test(callers.at(-1) ?? '') ? 'The caller said goodbye.' : null;
}
