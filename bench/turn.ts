import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { type HumanPrompt, humanSpeech } from '#test/support/human-speech';
import { measureAnswers, type SpokenTurn } from './turn/answers.ts';
import { closeVoices, measureBargeIn } from './turn/barge-in.ts';
import { type BenchServer, startBenchServer } from './turn/bench-server.ts';
import { measureCutOffs } from './turn/cut-offs.ts';
import { prompts, sentences } from './turn/prompts.ts';
import { measureWords } from './turn/words.ts';

/**
 * How a conversation feels, measured in the audio at the caller's phone: a real server, a real person's recorded
 * speech, the real gateway in real time, the embedded recogniser, model and voice.
 *
 *   node bench/turn.ts [--only turns,wer,cutoffs,bargein] [--endpointing default,200] [--turns 32] [--verbose]
 */

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'turns,wer,cutoffs,bargein' },
    endpointing: { type: 'string', default: 'default' },
    turns: { type: 'string', default: '32' },
    verbose: { type: 'boolean', default: false },
  },
});
const PROMPTS = 64;
const INTERRUPTIONS = 22;
const ENDPOINTINGS = values.endpointing.split(',').map((one) => (one === 'default' ? null : Number(one)));

/** Turns whose words are known already. */
let spokenTurns: readonly SpokenTurn[] = [];

type Measure = (server: BenchServer, all: readonly HumanPrompt[]) => Promise<unknown>;

const MEASURES: Readonly<Record<string, Measure>> = {
  async turns(server, all) {
    for (const endpointingMs of ENDPOINTINGS)
      spokenTurns = await measureAnswers(server, {
        sentences: sentences(all, { count: Number(values.turns) }),
        endpointingMs,
      });
  },
  wer(server, all) {
    const others = new Set(spokenTurns.map(({ prompt }) => prompt));
    const more = prompts(all, { count: PROMPTS - others.size, others });
    return measureWords(server, { prompts: more, heard: spokenTurns, isVerbose: values.verbose });
  },
  async cutoffs(server, all) {
    for (const endpointingMs of ENDPOINTINGS) await measureCutOffs(server, { prompts: all, endpointingMs });
  },
  bargein: (server, all) => measureBargeIn(server, sentences(all, { count: INTERRUPTIONS, fluent: true })),
};

const speech = await humanSpeech();
if ('skip' in speech) console.log(`skipped: ${speech.skip}`);
else await run(speech.prompts);

async function run(all: readonly HumanPrompt[]): Promise<void> {
  const machine = cpus();
  const kind = `${machine.length} x ${machine[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  console.log(`${kind}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
  const startedMs = performance.now();
  const server = await startBenchServer();
  try {
    for (const name of values.only.split(',')) {
      const measure = MEASURES[name];
      if (!measure) throw new Error(`there is no "${name}"; there is ${Object.keys(MEASURES).join(', ')}`);
      await measure(server, all);
    }
  } finally {
    await closeVoices();
    await server.stop();
  }
  const minutes = (performance.now() - startedMs) / 60_000;
  console.log(`\n${minutes.toFixed(1)} minutes, load ${loadavg()[0]?.toFixed(1)} at the end`);
}
