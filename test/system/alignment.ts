import { rms } from '#audio/mix';

export interface Sides {
  /** The caller's, and the agent's. */
  caller: Int16Array;
  agent: Int16Array;
}

export interface Alignment {
  /** How much later each side is in the recording than at the caller's end, in ms: the middle one of its windows. */
  callerLagMs: number;
  agentLagMs: number;
  /** Share of the windows of speech that were found in the recording, all within 60 ms of their side's lag. */
  found: number;
}

const WINDOW_MS = 400;
const LOUD_RMS = 200;
const STEADY_MS = 60;
/** How much earlier a call may begin in its recording: it starts with the call, not with the connection. */
const EARLIEST_MS = -1_500;
const LATEST_MS = 500;
const REACH_MS = 300;

/**
 * Finds each 400 ms of speech of both sides in a recording, by normalized cross-correlation. `likeness` is what counts as
 * found: 1 is the very same sound.
 */
export function alignment(
  sent: Sides,
  kept: Sides,
  { rateHz, likeness }: { rateHz: number; likeness: number },
): Alignment {
  const perMs = rateHz / 1000;
  const windows = loudWindows(sent.caller, perMs);
  const rough = search(
    { sent: sent.caller, kept: kept.caller, at: windows[0]!, perMs },
    EARLIEST_MS,
    LATEST_MS,
  );
  const lagsOf = (side: keyof Sides) =>
    loudWindows(sent[side], perMs).map((at) =>
      search(
        { sent: sent[side], kept: kept[side], at, perMs },
        rough.lagMs - REACH_MS,
        rough.lagMs + REACH_MS,
      ),
    );
  const caller = lagsOf('caller');
  const agent = lagsOf('agent');
  const callerLagMs = middle(caller.map(({ lagMs }) => lagMs));
  const agentLagMs = middle(agent.map(({ lagMs }) => lagMs));
  const isFound = (one: Match, lagMs: number) =>
    one.likeness >= likeness && Math.abs(one.lagMs - lagMs) < STEADY_MS;
  const found =
    caller.filter((one) => isFound(one, callerLagMs)).length +
    agent.filter((one) => isFound(one, agentLagMs)).length;
  return { callerLagMs, agentLagMs, found: found / (caller.length + agent.length) };
}

interface Match {
  lagMs: number;
  likeness: number;
}

/** Starts of windows that are loud throughout. */
function loudWindows(samples: Int16Array, perMs: number): number[] {
  const size = WINDOW_MS * perMs;
  const quarter = size / 4;
  const starts: number[] = [];
  for (let at = 0; at + size <= samples.length; at += size) {
    const parts = [0, 1, 2, 3].map((i) => rms(samples.subarray(at + i * quarter, at + (i + 1) * quarter)));
    if (Math.min(...parts) > LOUD_RMS) starts.push(at);
  }
  return starts;
}

interface Window {
  sent: Int16Array;
  kept: Int16Array;
  at: number;
  perMs: number;
}

function search({ sent, kept, at, perMs }: Window, fromMs: number, toMs: number): Match {
  const part = sent.subarray(at, at + WINDOW_MS * perMs);
  const best: Match = { lagMs: 0, likeness: -1 };
  for (let lag = Math.round(fromMs * perMs); lag <= toMs * perMs; lag++) {
    const likeness = correlation(part, kept, at + lag);
    if (likeness > best.likeness) Object.assign(best, { lagMs: lag / perMs, likeness });
  }
  return best;
}

/** Every other sample will do: speech has little above 2 kHz. */
const STEP = 2;

function correlation(part: Int16Array, recording: Int16Array, at: number): number {
  let both = 0;
  let ours = 0;
  let theirs = 0;
  for (let i = 0; i < part.length; i += STEP) {
    const a = part[i]!;
    const b = recording[at + i] ?? 0;
    both += a * b;
    ours += a * a;
    theirs += b * b;
  }
  return both / (Math.sqrt(ours * theirs) || 1);
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
