import type { Platform, StoredCall, TranscriptEntry } from '#cli/platform';
import type { Terminal } from '#cli/terminal';
import { pause, systemClock } from '#kernel/clock';

const POLL_MS = 500;
/** The last events are written when the call has ended. */
const STORED_MS = 20_000;

/** Follows a call over the API and shows each entry of its transcript once, in the order in which they are written. */
export class TranscriptWatch {
  readonly #platform: Platform;
  readonly #callSid: string;
  readonly #screen: Terminal;
  readonly #stop = new AbortController();
  #callId: string | null = null;
  readonly #shown = new Set<string>();
  /** The agent's words so far, entry by entry. */
  readonly agentSaid: TranscriptEntry[] = [];

  constructor(platform: Platform, options: { callSid: string; screen: Terminal }) {
    this.#platform = platform;
    this.#callSid = options.callSid;
    this.#screen = options.screen;
  }

  /** Runs until `finish`; what cannot be read now may be read later. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look().catch(() => {});
      await pause(systemClock, POLL_MS, signal);
    }
  }

  /** Waits until the call is stored as ended and shows the rest; null when the server never stored it. */
  async finish(): Promise<StoredCall | null> {
    this.#stop.abort();
    const deadlineMs = systemClock.nowMs() + STORED_MS;
    for (;;) {
      const call = await this.#look().catch(() => null);
      if (call && call.status !== 'active') return call;
      if (systemClock.nowMs() > deadlineMs) return call;
      await pause(systemClock, POLL_MS);
    }
  }

  async #look(): Promise<StoredCall | null> {
    this.#callId ??= await this.#platform.findCall(this.#callSid);
    if (this.#callId === null) return null;
    const call = await this.#platform.getCall(this.#callId);
    for (const entry of call.transcript) {
      const key = `${entry.role} ${entry.atMs} ${entry.text}`;
      if (this.#shown.has(key)) continue;
      this.#shown.add(key);
      if (entry.role === 'assistant') this.agentSaid.push(entry);
      this.#screen.line(showEntry(this.#screen, entry));
    }
    return call;
  }
}

const WHO = { user: 'caller', assistant: 'agent', tool: 'tool', system: 'system' } as const;
const COLOURS = { user: 'cyan', assistant: 'green', tool: 'yellow', system: 'magenta' } as const;

/** Tools can answer a whole page. */
const TOOL_CHARS = 160;

/** One line of a transcript. */
export function showEntry(screen: Terminal, entry: TranscriptEntry): string {
  const who = screen.style(COLOURS[entry.role], WHO[entry.role].padEnd(7));
  const cut = entry.interrupted ? screen.style('dim', ' —interrupted') : '';
  const isLong = entry.role === 'tool' && entry.text.length > TOOL_CHARS;
  const text = isLong ? `${entry.text.slice(0, TOOL_CHARS - 1)}…` : entry.text;
  return `  ${screen.style('dim', showTime(entry.atMs))}  ${who} ${text}${cut}`;
}

function showTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}
