import { Pacer } from '#audio/pacer';
import { systemClock } from '#kernel/clock';
import type { HumanPrompt } from '#test/support/human-speech';
import type { BenchServer } from './bench-server.ts';
import { CUTS, type Cut } from './cuts.ts';
import { drawer, percent, several, verdict } from './figures.ts';
import { firstAudible, lengthMs, type Stretch, speechEdges, withPause } from './levels.ts';
import { PhoneLine, piece } from './phone-line.ts';

const MOST = 0.03;
const CALLS_AT_ONCE = 3;
const PAUSE_MS = { from: 600, to: 900 };
const ANSWER_MS = 2_500;
const SEED = 7;

interface Utterance {
  cut: Cut;
  head: Int16Array;
  tail: Int16Array;
  pauseMs: number;
}

interface Outcome extends Utterance {
  /** The agent took the pause for the end: it could be heard in it, or over the second half. */
  isAnswered: boolean;
  /** It was heard before, in a pause of the recording's own. */
  isSpokenInto: boolean;
  /** The utterance was stored as several turns, whether anything was heard of an answer or not. */
  isSplit: boolean;
  stored: string;
}

/** People who pause in the middle of a sentence: how many of them the agent takes to have finished. */
export async function measureCutOffs(
  server: BenchServer,
  options: { prompts: readonly HumanPrompt[]; endpointingMs: number | null },
): Promise<void> {
  const agent = await server.createAgent({
    name: 'Cut-offs',
    firstMessageMode: 'caller',
    endpointingMs: options.endpointingMs,
    interruptionSensitivity: 'medium',
  });
  const pacer = new Pacer({ clock: systemClock });
  const outcomes = await several(utterances(options.prompts), CALLS_AT_ONCE, async (utterance) => {
    const line = await PhoneLine.ring({ platform: server.platform, agentId: agent.id, pacer });
    return speak(line, utterance);
  });
  report(outcomes, agent.endpointingMs);
}

function utterances(prompts: readonly HumanPrompt[]): Utterance[] {
  const draw = drawer(SEED);
  return CUTS.map((cut) => {
    const prompt = prompts.find(({ name }) => name === cut.name);
    if (!prompt) throw new Error(`the prompt ${cut.name} is not installed`);
    const { samples8k } = prompt;
    const { fromMs, toMs } = speechEdges(samples8k);
    const head = energetic(piece(samples8k, { fromMs, toMs: cut.atMs }));
    const tail = energetic(piece(samples8k, { fromMs: cut.atMs, toMs }));
    const pauseMs = Math.round(PAUSE_MS.from + draw() * (PAUSE_MS.to - PAUSE_MS.from));
    return { cut, head, tail, pauseMs };
  });
}

function energetic(samples: Int16Array): Int16Array {
  return piece(samples, speechEdges(samples));
}

async function speak(line: PhoneLine, utterance: Utterance): Promise<Outcome> {
  const { head, tail, pauseMs } = utterance;
  await line.listen(400);
  const { fromMs, toMs } = await line.say(withPause(head, tail, pauseMs));
  await line.answerAfter(toMs, ANSWER_MS);
  const headEndMs = fromMs + lengthMs(head);
  const agentIn = (stretch: Stretch) => firstAudible(line.heard, stretch) !== null;
  const isSpokenInto = agentIn({ fromMs, toMs: headEndMs });
  const isAnswered = !isSpokenInto && agentIn({ fromMs: headEndMs, toMs });
  const call = await line.end();
  const turns = call.transcript.filter(({ role }) => role === 'user');
  return {
    ...utterance,
    isAnswered,
    isSpokenInto,
    isSplit: turns.length > 1,
    stored: turns.map(({ text }) => text).join(' | '),
  };
}

function report(outcomes: readonly Outcome[], endpointingMs: number): void {
  const count = (is: (outcome: Outcome) => boolean) => {
    const number = outcomes.filter(is).length;
    return { utterances: number, share: percent(number / outcomes.length) };
  };
  const pauses = `${PAUSE_MS.from} to ${PAUSE_MS.to} ms`;
  console.log(
    `\nPauses of ${pauses} inside a sentence, ${outcomes.length} utterances, endpointingMs ${endpointingMs}, ${CALLS_AT_ONCE} calls at a time`,
  );
  console.table({
    'answered in the pause': count(({ isAnswered }) => isAnswered),
    "answered in a pause of the recording's own": count(({ isSpokenInto }) => isSpokenInto),
    'stored as several turns': count(({ isSplit }) => isSplit),
  });
  for (const { cut, pauseMs, isAnswered, isSpokenInto, isSplit, stored } of outcomes) {
    if (!isAnswered && !isSpokenInto && !isSplit) continue;
    const what = isAnswered ? 'answered' : isSpokenInto ? 'answered before' : 'split, nothing heard';
    console.log(`  ${what}: "${cut.before}" [${pauseMs} ms], stored "${stored}"`);
  }
  const answered = outcomes.filter(({ isAnswered }) => isAnswered).length / outcomes.length;
  verdict(`at most ${percent(MOST)} answered in the pause`, percent(answered), answered <= MOST);
}
