import { parseArgs } from 'node:util';
import { CommandError } from '#cli/terminal';

/** What the caller does next. */
export type Step = { interruptAfterMs: number | null } & (
  | { kind: 'say'; text: string }
  | { kind: 'wav'; path: string }
  | { kind: 'digits'; digits: string }
);

export interface CallOptions {
  steps: readonly Step[];
  /** Sample rate of the audio piped to stdin; null without a microphone. */
  micHz: 8000 | 16000 | null;
  url: string | null;
  key: string | null;
  agentId: string | null;
  from: string;
  to: string;
  voice: string;
  /** Where to write what the caller heard; `-` is raw audio on stdout. */
  out: string | null;
  dataDir: string | null;
  help: boolean;
}

export const CALL_HELP = `Usage: npx patchbay call [options]

Calls an assistant the way a telephone does: posts Twilio's webhook, opens the media stream and speaks in real time.
Without options it calls the demo receptionist with a synthesized caller, and starts a server when none is running.

What the caller does, in this order:
  --say TEXT              says it, when the agent has finished (repeat for more turns)
  --wav FILE              plays a recording (WAV, 16-bit PCM, μ-law or A-law)
  --digits KEYS           presses keys: 0-9 * #
  --interrupt-after MS    the next of these begins that long into the agent's reply, over it
  --mic [--mic-rate HZ]   speaks what is piped in: 16-bit PCM, one channel, 16000 or 8000 Hz, e.g.
                            arecord -q -t raw -f S16_LE -r 16000 | npx patchbay call --mic --out - | aplay -q -f S16_LE -r 8000

Whom it calls:
  --url URL               a running server, such as http://localhost:3000
  --key KEY               an API key of the tenant, vx_… (default: the demo tenant's)
  --agent ID              the assistant (default: the demo receptionist, or the tenant's newest)
  --from NUMBER --to NUMBER
  --data-dir DIR          data folder of the server it starts (default: DATA_DIR or ./data)

What else:
  --voice NAME            voice of the caller: awb, slt, rms or kal16 (default: awb)
  --out FILE              writes what the caller heard as WAV; "-" is raw 16-bit 8000 Hz PCM on stdout
  --help

Exit code: 0 when every turn was answered, 1 when not, 2 for wrong options.`;

const OPTIONS = {
  say: { type: 'string', multiple: true },
  wav: { type: 'string', multiple: true },
  digits: { type: 'string', multiple: true },
  'interrupt-after': { type: 'string', multiple: true },
  mic: { type: 'boolean' },
  'mic-rate': { type: 'string' },
  url: { type: 'string' },
  key: { type: 'string' },
  agent: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  voice: { type: 'string' },
  out: { type: 'string' },
  'data-dir': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const VOICES = ['awb', 'slt', 'rms', 'kal16'];
const MAX_INTERRUPT_MS = 60_000;

/** Reads the command's arguments. Throws CommandError for what makes no sense. */
export function readCallOptions(args: string[]): CallOptions {
  const { values, tokens } = parse(args);
  const steps = readSteps(tokens);
  const micHz = values.mic ? readMicRate(values['mic-rate']) : null;
  if (micHz !== null && steps.length > 0)
    throw wrong('--mic speaks alone: leave out --say, --wav and --digits');
  const voice = values.voice ?? 'awb';
  if (!VOICES.includes(voice)) throw wrong(`--voice is one of ${VOICES.join(', ')}`);
  return {
    steps,
    micHz,
    url: values.url === undefined ? null : readUrl(values.url),
    key: values.key ?? null,
    agentId: values.agent ?? null,
    from: values.from ?? '+15550100042',
    to: values.to ?? '+15550100001',
    voice,
    out: values.out ?? null,
    dataDir: values['data-dir'] ?? null,
    help: values.help ?? false,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, tokens: true, allowPositionals: false });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

type Tokens = ReturnType<typeof parse>['tokens'];

/** Steps in the order they stand on the command line. */
function readSteps(tokens: Tokens): Step[] {
  const steps: Step[] = [];
  let interruptAfterMs: number | null = null;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = token.value ?? '';
    if (token.name === 'interrupt-after') {
      interruptAfterMs = Number(value);
      const isRight = Number.isInteger(interruptAfterMs) && interruptAfterMs >= 0;
      if (!isRight || interruptAfterMs > MAX_INTERRUPT_MS)
        throw wrong('--interrupt-after takes milliseconds');
      continue;
    }
    const step = readStep(token.name, value);
    if (!step) continue;
    steps.push({ ...step, interruptAfterMs });
    interruptAfterMs = null;
  }
  if (interruptAfterMs !== null) throw wrong('--interrupt-after needs a --say, --wav or --digits behind it');
  return steps;
}

function readStep(name: string, value: string) {
  switch (name) {
    case 'say':
      if (value.trim() === '') throw wrong('--say needs words');
      return { kind: 'say', text: value } as const;
    case 'wav':
      return { kind: 'wav', path: value } as const;
    case 'digits':
      if (!/^[0-9*#A-D]+$/.test(value)) throw wrong('--digits takes 0-9, *, # and A-D');
      return { kind: 'digits', digits: value } as const;
    default:
      return null;
  }
}

function readMicRate(given: string | undefined): 8000 | 16000 {
  if (given === undefined || given === '16000') return 16000;
  if (given === '8000') return 8000;
  throw wrong('--mic-rate is 16000 or 8000');
}

function readUrl(given: string): string {
  const url = URL.parse(given);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw wrong('--url takes an address such as http://localhost:3000');
  }
  return given.replace(/\/+$/, '');
}

function wrong(message: string): CommandError {
  return new CommandError(`${message}\nnpx patchbay call --help tells the options.`, 2);
}
