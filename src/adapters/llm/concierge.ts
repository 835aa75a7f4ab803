import { DateTime } from 'luxon';
import type { ChatMessage, LanguageModel, LlmDelta, LlmRequest } from '#engine/ports';
import { systemClock } from '#kernel/clock';
import { isDirection, replay } from './concierge/dialogue.ts';
import { decide } from './concierge/moves.ts';
import { type Briefing, readPrompt } from './concierge/prompt.ts';
import type { Move } from './concierge/task-moves.ts';
import { readTools } from './concierge/tool-kit.ts';
import type { World } from './concierge/world.ts';

/** Prompts whose reading is kept; calls at one time are rarely of more assistants. */
const KEPT_PROMPTS = 64;
/** Words in one piece of the stream. */
const PIECE_WORDS = 3;
const CHARS_PER_TOKEN = 4;

const briefings = new Map<string, Briefing>();

/**
 * A small deterministic dialogue model for English, run on no account and no network. It knows what the system prompt
 * tells, calls the tools that the request offers, and remembers nothing between requests: the same messages get the
 * same answer. It answers with the fact it found, fills the parameters of a tool by asking, reads back before it
 * changes anything, and says so when it does not know.
 */
export const concierge: LanguageModel = {
  name: 'concierge/concierge',
  async *reply(request, signal) {
    if (signal.aborted) return;
    yield* deltasOf(answerTo(request.messages, worldOf(request)), request, signal);
  },
};

function worldOf({ messages, tools }: LlmRequest): World {
  const prompt = messages
    .flatMap((message) => (message.role === 'system' ? [message.text] : []))
    .join('\n\n');
  const briefing = briefingOf(prompt);
  const now = briefing.now ?? DateTime.fromMillis(systemClock.nowMs(), { zone: 'utc' });
  return { briefing, kit: readTools(tools), now };
}

function briefingOf(prompt: string): Briefing {
  const kept = briefings.get(prompt) ?? readPrompt(prompt);
  briefings.delete(prompt);
  briefings.set(prompt, kept);
  const [oldest] = briefings.keys();
  if (briefings.size > KEPT_PROMPTS && oldest !== undefined) briefings.delete(oldest);
  return kept;
}

function answerTo(messages: readonly ChatMessage[], world: World): Move {
  const last = messages.at(-1);
  const before = messages.at(-2);
  const asked = messages.some((message) => message.role === 'user' && !isDirection(message.text));
  // Another model broke off in the middle: the turn is answered anew, less what the caller has heard already.
  if (last?.role === 'user' && isDirection(last.text) && before?.role === 'assistant' && asked) {
    const move = answerTo(messages.slice(0, -2), world);
    return {
      ...move,
      text: move.text.startsWith(before.text) ? move.text.slice(before.text.length).trim() : move.text,
    };
  }
  const dialogue = replay(messages, world);
  const { heard } = dialogue;
  const repeats =
    heard !== null &&
    dialogue.results.length === 0 &&
    (heard.acts.has('repeat') || heard.acts.has('continue'));
  return repeats && !heard.acts.has('bye') ? lastAnswer(messages, world) : decide(dialogue, world);
}

/** What was said last, once more and in full: made anew from what it answered, since it may have been cut off. */
function lastAnswer(messages: readonly ChatMessage[], world: World): Move {
  const at = messages.findLastIndex((message) => message.role === 'assistant' && message.text.trim() !== '');
  const last = messages[at];
  if (last?.role !== 'assistant') return decide(replay([], world), world);
  const before = messages.slice(0, at);
  if (!before.some(({ role }) => role === 'user')) return { text: last.text };
  const { text } = answerTo(before, world);
  return { text: text === '' ? last.text : text };
}

function* deltasOf(move: Move, { messages, tools }: LlmRequest, signal: AbortSignal): Generator<LlmDelta> {
  const pieces = move.text.match(new RegExp(`(?:\\S+\\s*){1,${PIECE_WORDS}}`, 'g')) ?? [];
  for (const text of pieces) {
    if (signal.aborted) return;
    yield { type: 'text', text };
  }
  if (signal.aborted) return;
  if (move.call) {
    const id = `concierge_${messages.length}`;
    yield { type: 'toolCall', call: { id, name: move.call.name, arguments: move.call.args } };
  }
  const read = JSON.stringify(messages).length + JSON.stringify(tools).length;
  const written = move.text.length + (move.call ? JSON.stringify(move.call).length : 0);
  yield {
    type: 'usage',
    inputTokens: Math.ceil(read / CHARS_PER_TOKEN),
    outputTokens: Math.ceil(written / CHARS_PER_TOKEN),
  };
}
