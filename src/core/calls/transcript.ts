import type { TranscriptEntry } from '#core/calls/call';
import type { LogEntry } from '#core/calls/log-entry';

type EntryOf<T extends LogEntry['type']> = Extract<LogEntry, { type: T }>;

/**
 * The call in words, in the order they began: what the caller said, what the agent said as far as it was heard, digits,
 * tools and hand-overs. `log` is in order of `seq`.
 */
export function transcriptOf(log: readonly LogEntry[]): TranscriptEntry[] {
  const called = new Map<string, EntryOf<'tool.called'>>();
  const answered = new Set(
    log.flatMap((entry) => (entry.type === 'tool.returned' ? [entry.toolCallId] : [])),
  );
  const lines: TranscriptEntry[] = [];
  const cutOff = new UnfinishedTurn();
  for (const entry of log) {
    cutOff.hear(entry);
    if (entry.type === 'tool.called') {
      called.set(entry.toolCallId, entry);
      if (answered.has(entry.toolCallId)) continue;
    }
    const line = lineOf(entry, called);
    if (line) lines.push(line);
  }
  const last = log.at(-1);
  if (last?.type === 'call.ended') lines.push(...cutOff.rest());
  return lines.filter(({ text }) => text !== '').sort((a, b) => a.atMs - b.atMs);
}

function lineOf(
  entry: LogEntry,
  called: ReadonlyMap<string, EntryOf<'tool.called'>>,
): TranscriptEntry | null {
  const line = { turnId: entry.turnId ?? null, atMs: entry.atMs, endMs: entry.atMs, interrupted: false };
  switch (entry.type) {
    case 'turn.ended':
      return { ...line, role: 'user', text: spoken(entry.text), atMs: entry.fromMs, endMs: entry.toMs };
    case 'agent.said': {
      const { text, fromMs, toMs, interrupted } = entry;
      return { ...line, role: 'assistant', text, atMs: fromMs, endMs: toMs, interrupted };
    }
    case 'digit':
      return { ...line, role: 'user', text: `[DTMF ${entry.digit}]` };
    case 'tool.called':
      return { ...line, role: 'tool', text: `${entry.name}(${JSON.stringify(entry.arguments)})` };
    case 'tool.returned': {
      const call = called.get(entry.toolCallId);
      const args = call ? JSON.stringify(call.arguments) : '';
      const result = `${entry.ok ? '' : 'failed: '}${JSON.stringify(entry.result)}`;
      const atMs = call?.atMs ?? entry.atMs;
      return { ...line, role: 'tool', text: `${entry.name}(${args}) -> ${result}`, atMs };
    }
    case 'transfer':
      return { ...line, role: 'system', text: `Transfer to ${entry.to}: ${entry.outcome}` };
    case 'voicemail':
      return { ...line, role: 'system', text: entry.left ? 'Voicemail: message left' : 'Voicemail reached' };
    default:
      return null;
  }
}

/** A turn's words without the keys in it: these have lines of their own, at the moment they were pressed. */
const spoken = (text: string): string => text.replace(/\s*\[DTMF [\d*#A-D]+\]/g, '').trim();

/** Words of a turn the caller did not get to end, because the call ended first. */
class UnfinishedTurn {
  #fromMs: number | null = null;
  #words: EntryOf<'user.heard'>[] = [];

  hear(entry: LogEntry): void {
    if (entry.type === 'turn.ended') {
      this.#words = [];
      this.#fromMs = null;
    } else if (entry.type === 'user.speaking') {
      if (this.#words.length === 0) this.#fromMs = entry.atMs;
    } else if (entry.type === 'user.heard') {
      // A recogniser repeats what it reported of the turn so far: the longer text takes the shorter one's place.
      const before = this.#words.at(-1);
      if (before && entry.text.startsWith(before.text)) this.#words.pop();
      this.#words.push(entry);
    }
  }

  rest(): TranscriptEntry[] {
    const last = this.#words.at(-1);
    if (!last) return [];
    return [
      {
        role: 'user',
        text: this.#words.map(({ text }) => text).join(' '),
        atMs: this.#fromMs ?? this.#words[0]!.atMs,
        endMs: last.atMs,
        turnId: last.turnId ?? null,
        interrupted: false,
      },
    ];
  }
}
