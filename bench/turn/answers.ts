import { Pacer } from '#audio/pacer';
import type { StoredCall, TranscriptEntry, TurnMetrics } from '#cli/platform';
import { systemClock } from '#kernel/clock';
import type { HumanPrompt } from '#test/support/human-speech';
import type { BenchServer } from './bench-server.ts';
import { percent, quantile, several, spreadOf, verdict } from './figures.ts';
import { firstAudible, type Stretch, trimmed } from './levels.ts';
import { PhoneLine } from './phone-line.ts';

const REQUIRED = { medianMs: 650, p95Ms: 1_100, earlyShare: 0.03 };
const TURNS_A_CALL = 6;
/** A second call makes the server no faster, and the agent's replies take most of the time. */
const CALLS_AT_ONCE = 2;
const BEGUN_MS = 400;
/** Silence of the agent after which its reply is over. */
const REPLY_OVER_MS = 700;
const REPLY_MS = 20_000;
const ANSWER_MS = 6_000;

/** One turn of a caller. */
export interface SpokenTurn {
  prompt: HumanPrompt;
  said: Stretch;
  /** From the last energetic sample sent to the first audible one received; null when no answer came. */
  voiceToVoiceMs: number | null;
  /** The agent spoke before the sentence was over. */
  isEarly: boolean;
  /** The caller's words as stored. */
  text: string;
}

interface Answered {
  turns: SpokenTurn[];
  metrics: TurnMetrics[];
}

/** Speaks each sentence when the agent has finished, several in a call, and measures the answers at the phone. */
export async function measureAnswers(
  server: BenchServer,
  options: { sentences: readonly HumanPrompt[]; endpointingMs: number | null },
): Promise<SpokenTurn[]> {
  const { sentences, endpointingMs } = options;
  const agent = await server.createAgent({
    name: 'Answers',
    firstMessageMode: 'caller',
    endpointingMs,
    interruptionSensitivity: 'medium',
  });
  const shares: HumanPrompt[][] = [];
  for (let at = 0; at < sentences.length; at += TURNS_A_CALL)
    shares.push(sentences.slice(at, at + TURNS_A_CALL));
  const calls = await several(shares, CALLS_AT_ONCE, (share) => speakAll(server, agent.id, share));
  const all = {
    turns: calls.flatMap(({ turns }) => turns),
    metrics: calls.flatMap(({ metrics }) => metrics),
  };
  report(all, agent.endpointingMs);
  return all.turns;
}

/** In one call, or in several when the agent says goodbye. */
async function speakAll(
  server: BenchServer,
  agentId: string,
  share: readonly HumanPrompt[],
): Promise<Answered> {
  const all: Answered = { turns: [], metrics: [] };
  for (let at = 0; at < share.length; ) {
    const call = await oneCall(server, agentId, share.slice(at));
    all.turns.push(...call.turns);
    all.metrics.push(...call.metrics);
    at += Math.max(1, call.turns.length);
  }
  return all;
}

async function oneCall(
  server: BenchServer,
  agentId: string,
  sentences: readonly HumanPrompt[],
): Promise<Answered> {
  const pacer = new Pacer({ clock: systemClock });
  const line = await PhoneLine.ring({ platform: server.platform, agentId, pacer });
  const turns: SpokenTurn[] = [];
  await line.listen(500);
  for (const prompt of sentences) {
    await line.untilQuiet(REPLY_OVER_MS, REPLY_MS);
    if (line.isOver) break;
    turns.push(await takeTurn(line, prompt));
  }
  await line.untilQuiet(REPLY_OVER_MS, REPLY_MS);
  const stored = await line.end();
  for (const turn of turns) turn.text = textOf(stored, turn.said);
  return { turns, metrics: stored.metrics.turns };
}

async function takeTurn(line: PhoneLine, prompt: HumanPrompt): Promise<SpokenTurn> {
  const samples = trimmed(prompt.samples8k);
  const said = await line.say(samples);
  const lastMs = said.toMs;
  const answerMs = await line.answerAfter(lastMs, ANSWER_MS);
  // Its first sample is not yet speech that the end of could be waited for.
  if (answerMs !== null) await line.listen(BEGUN_MS);
  const isEarly = firstAudible(line.heard, { fromMs: said.fromMs, toMs: lastMs }) !== null;
  const voiceToVoiceMs = isEarly || answerMs === null ? null : answerMs - lastMs;
  return { prompt, said, voiceToVoiceMs, isEarly, text: '' };
}

/** What of a stored transcript was said in that stretch of the call. */
export function textOf(call: StoredCall, said: Stretch): string {
  const isOfIt = ({ role, atMs, endMs }: TranscriptEntry) => {
    const middleMs = (atMs + endMs) / 2;
    return role === 'user' && middleMs > said.fromMs - 300 && middleMs < said.toMs + 300;
  };
  return call.transcript
    .filter(isOfIt)
    .map(({ text }) => text)
    .join(' ');
}

function report({ turns, metrics }: Answered, endpointingMs: number): void {
  const measured = turns.flatMap(({ voiceToVoiceMs }) => (voiceToVoiceMs === null ? [] : [voiceToVoiceMs]));
  const early = turns.filter(({ isEarly }) => isEarly);
  const lost = turns.length - measured.length - early.length;
  console.log(
    `\nVoice to voice, ${turns.length} turns, endpointingMs ${endpointingMs}, ${CALLS_AT_ONCE} calls at a time`,
  );
  const stage = (pick: (turn: TurnMetrics) => number) => spreadOf(metrics.map(pick));
  console.table({
    'at the phone': spreadOf(measured),
    'engine, as stored': stage((turn) => turn.voiceToVoiceMs),
    '  end of speech to decision': stage(({ stages }) => stages.endpointMs),
    '  to the final words': stage(({ stages }) => stages.sttMs),
    '  to the first token': stage(({ stages }) => stages.llmFirstTokenMs),
    '  to the first audio': stage(({ stages }) => stages.ttsFirstByteMs),
    '  to the first audible sample': stage(({ stages }) => stages.playMs),
  });
  for (const { prompt, voiceToVoiceMs } of turns)
    if (voiceToVoiceMs === null || voiceToVoiceMs > REQUIRED.p95Ms)
      console.log(
        `  ${voiceToVoiceMs === null ? 'early or none' : `${Math.round(voiceToVoiceMs)} ms`}: ${prompt.text}`,
      );
  const median = quantile(measured, 0.5);
  const p95 = quantile(measured, 0.95);
  verdict(`median at most ${REQUIRED.medianMs} ms`, `${Math.round(median)} ms`, median <= REQUIRED.medianMs);
  verdict(`p95 at most ${REQUIRED.p95Ms} ms`, `${Math.round(p95)} ms`, p95 <= REQUIRED.p95Ms);
  verdict(
    `every sentence is answered, and at most ${percent(REQUIRED.earlyShare)} of them before they are over`,
    `${early.length} early (${percent(early.length / turns.length)}), ${lost} not at all`,
    lost === 0 && early.length <= REQUIRED.earlyShare * turns.length,
  );
}
