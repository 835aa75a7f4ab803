import type { Ear } from '#cli/ear';
import type { Phone } from '#cli/phone';

/** One thing the caller does, ready to be played. */
export interface CallerTurn {
  /** For the table: the words, the file or the keys. */
  label: string;
  /** 8000 Hz; null for keys. */
  audio: Int16Array | null;
  digits: string | null;
  /** Begins that long into the agent's speech, over it; null waits until the agent has finished. */
  interruptAfterMs: number | null;
}

/** What came of a turn, measured from the audio at the phone. */
export interface TurnResult {
  label: string;
  /** From the caller's last audible sample to the agent's first; null when no answer came. */
  voiceToVoiceMs: number | null;
  /** From the caller's first sample to the agent's last before it fell silent; null where nothing was interrupted. */
  bargeInMs: number | null;
}

/** The agent has finished when it has said nothing for so long; longer than its pauses between sentences. */
const FINISHED_MS = 1_200;
const OPENING_MS = 20_000;
const ANSWER_MS = 20_000;
const REPLY_MS = 90_000;
/** Our own ear gets the last frame spoken within a tick. */
const TICK_MS = 40;

/**
 * Waits for the agent's opening, then takes the turns one after the other, each when the agent has finished or as an
 * interruption. Stops when the script or the call ends. `report` is called when a turn has been answered.
 */
export async function converse(
  phone: Phone,
  ear: Ear,
  script: { turns: AsyncIterable<CallerTurn>; report(turn: TurnResult): void },
): Promise<TurnResult[]> {
  const results: TurnResult[] = [];
  const isOpened = await ear.until(() => ear.agent.length > 0, OPENING_MS);
  if (!isOpened) return results;
  for await (const turn of script.turns) {
    await waitForTurn(ear, turn);
    if (ear.isEnded) break;
    const result = await take(phone, ear, turn);
    results.push(result);
    script.report(result);
  }
  await finishReply(ear);
  return results;
}

/** Resolves when the agent's reply is over. */
export async function finishReply(ear: Ear): Promise<void> {
  await ear.until(() => ear.isAgentQuiet(FINISHED_MS), REPLY_MS);
}

async function waitForTurn(ear: Ear, turn: CallerTurn): Promise<void> {
  const { interruptAfterMs } = turn;
  if (interruptAfterMs === null) return finishReply(ear);
  const beganMs = ear.agent.at(-1)?.fromMs ?? ear.nowMs;
  await ear.until(() => ear.nowMs >= beganMs + interruptAfterMs, REPLY_MS);
}

async function take(phone: Phone, ear: Ear, turn: CallerTurn): Promise<TurnResult> {
  const startMs = ear.nowMs;
  if (turn.digits !== null) phone.press(turn.digits);
  if (turn.audio !== null) await phone.say(turn.audio);
  await ear.until(() => false, TICK_MS);
  const spoken = ear.caller.filter((stretch) => stretch.toMs > startMs);
  const beganMs = spoken[0]?.fromMs ?? startMs;
  const spokenMs = spoken.at(-1)?.toMs ?? startMs;
  const answer = () => ear.agent.find((stretch) => stretch.fromMs > beganMs && stretch.toMs > spokenMs);
  await ear.until(() => answer() !== undefined, ANSWER_MS);
  const answeredMs = answer()?.fromMs;
  const interrupted = ear.agent.find((stretch) => stretch.fromMs <= beganMs && stretch.toMs > beganMs);
  return {
    label: turn.label,
    voiceToVoiceMs: answeredMs === undefined ? null : Math.max(0, answeredMs - spokenMs),
    bargeInMs: interrupted ? interrupted.toMs - beganMs : null,
  };
}
