import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pacer } from '#audio/pacer';
import { CALL_HELP, type CallOptions, readCallOptions } from '#cli/call-options';
import { CallRecording } from '#cli/call-recording';
import { showCall } from '#cli/call-report';
import { type CallerScript, prepareDemo, prepareSteps } from '#cli/caller-script';
import { openCallerVoice } from '#cli/caller-voice';
import { converse, type TurnResult } from '#cli/conversation';
import { Ear } from '#cli/ear';
import { type FoundServer, findServer } from '#cli/find-server';
import { speakFrom } from '#cli/microphone';
import { Phone } from '#cli/phone';
import type { StoredCall } from '#cli/platform';
import { CommandError, Terminal } from '#cli/terminal';
import { TranscriptWatch } from '#cli/transcript-watch';
import { askWebhook, type CarrierOrder } from '#cli/webhook-call';
import { systemClock } from '#kernel/clock';

/** An assistant that says goodbye hangs up soon after. */
const GOODBYE_MS = 6_000;

/** `patchbay call`: a telephone in the terminal. Answers the exit code. */
export async function call(args: string[]): Promise<number> {
  const options = readCallOptions(args);
  if (options.help) {
    console.log(CALL_HELP);
    return 0;
  }
  const screen = new Terminal(options.out === '-' ? process.stderr : process.stdout);
  const script = options.micHz === null ? await prepareScript(options) : null;
  const server = await findServer(options, screen);
  try {
    return await new Softphone({ options, server, screen, script }).run();
  } finally {
    await server.stop();
  }
}

async function prepareScript(options: CallOptions): Promise<CallerScript> {
  const voice = await openCallerVoice(options.voice);
  try {
    return options.steps.length > 0 ? await prepareSteps(options.steps, voice) : await prepareDemo(voice);
  } finally {
    await voice.close();
  }
}

interface SoftphoneDeps {
  options: CallOptions;
  server: FoundServer;
  screen: Terminal;
  /** Null with a microphone. */
  script: CallerScript | null;
}

/** A call in progress, as its parts see it. */
interface OnTheLine {
  phone: Phone;
  ear: Ear;
  watch: TranscriptWatch;
}

class Softphone {
  readonly #options: CallOptions;
  readonly #server: FoundServer;
  readonly #screen: Terminal;
  readonly #script: CallerScript | null;
  readonly #form: Record<string, string>;

  constructor(deps: SoftphoneDeps) {
    this.#options = deps.options;
    this.#server = deps.server;
    this.#screen = deps.screen;
    this.#script = deps.script;
    this.#form = {
      CallSid: `CA${crypto.randomUUID().replaceAll('-', '')}`,
      AccountSid: `AC${'0'.repeat(32)}`,
      From: deps.options.from,
      To: deps.options.to,
      CallStatus: 'ringing',
      Direction: 'inbound',
      ApiVersion: '2010-04-01',
    };
  }

  async run(): Promise<number> {
    const order = await this.#ring();
    const phone = await this.#pickUp(order);
    const line: OnTheLine = {
      phone,
      ear: new Ear(phone),
      watch: new TranscriptWatch(this.#server.platform, { callSid: phone.callSid, screen: this.#screen }),
    };
    const recording = new CallRecording(phone);
    const watching = line.watch.run();
    const results = await this.#hold(line);
    const end = await phone.ended;
    const stored = await line.watch.finish();
    await watching;
    const why = stored?.endReason ?? (end.reason === '' ? `code ${end.code}` : end.reason);
    this.#screen.line(`\n  The call ended: ${why}`);
    await this.#followUp(order);
    await this.#conclude({ stored, results, recording });
    const isAnswered = line.ear.agent.length > 0 && results.every((turn) => turn.voiceToVoiceMs !== null);
    if (!isAnswered)
      this.#screen.line(this.#screen.style('red', '\n  The agent left the caller without an answer.'));
    return isAnswered ? 0 : 1;
  }

  /** Posts the webhook. Throws CommandError when the call is not connected to a stream. */
  async #ring(): Promise<CarrierOrder & { kind: 'stream' }> {
    const { platform, agentId } = this.#server;
    const url = platform.webhookUrl(this.#options.agentId ?? agentId);
    this.#screen.line(`  Calling ${this.#options.to} at ${platform.url} from ${this.#options.from}`);
    const order = await askWebhook({ url, form: this.#form }).catch((error: unknown) => {
      throw new CommandError(`The call was not taken: ${messageOf(error)}.`);
    });
    if (order.kind === 'stream') return order;
    throw new CommandError(
      order.kind === 'say'
        ? `The call was refused: "${order.text}"`
        : `The call was refused (${order.kind}).`,
    );
  }

  async #pickUp(order: CarrierOrder & { kind: 'stream' }): Promise<Phone> {
    const pacer = new Pacer({ clock: systemClock });
    const { url, parameters } = order;
    const callSid = this.#form.CallSid;
    try {
      const phone = await Phone.open({ url, parameters, callSid, clock: systemClock, pacer });
      if (this.#options.out === '-')
        phone.listen((frame) => process.stdout.write(Buffer.from(frame.heard.slice().buffer)));
      return phone;
    } catch (error) {
      throw new CommandError(`The media stream was refused: ${messageOf(error)}.`);
    }
  }

  /** Talks until the script or the call is over, and hangs up when the agent does not. */
  async #hold(line: OnTheLine): Promise<TurnResult[]> {
    const hangUp = () => void line.phone.hangUp();
    process.once('SIGINT', hangUp);
    try {
      const results = await this.#talk(line);
      await line.ear.until(() => false, GOODBYE_MS);
      return results;
    } finally {
      await line.phone.hangUp();
      process.off('SIGINT', hangUp);
    }
  }

  async #talk(line: OnTheLine): Promise<TurnResult[]> {
    if (this.#script === null) {
      const rateHz = this.#options.micHz ?? 16000;
      await Promise.race([speakFrom(process.stdin, { phone: line.phone, rateHz }), line.phone.ended]);
      return [];
    }
    const turns = this.#script({ ear: line.ear, agentSaid: line.watch.agentSaid });
    return converse(line.phone, line.ear, { turns, report: (turn) => this.#report(turn) });
  }

  #report(turn: TurnResult): void {
    const stopped = turn.bargeInMs === null ? '' : `agent silent after ${turn.bargeInMs} ms, `;
    const answered = turn.voiceToVoiceMs === null ? 'no answer' : `answered after ${turn.voiceToVoiceMs} ms`;
    this.#screen.line(this.#screen.style('dim', `         ${''.padEnd(7)} ↳ ${stopped}${answered}`));
  }

  /** Asks what comes next, as the carrier does when the server has closed a stream. */
  async #followUp(order: CarrierOrder & { kind: 'stream' }): Promise<void> {
    if (order.actionUrl === null) return;
    const next = await askWebhook({
      url: order.actionUrl,
      form: { ...this.#form, CallStatus: 'in-progress' },
    }).catch(() => null);
    if (next?.kind === 'dial') this.#screen.line(`  The caller is being transferred to ${next.to}.`);
  }

  async #conclude(call: {
    stored: StoredCall | null;
    results: readonly TurnResult[];
    recording: CallRecording;
  }): Promise<void> {
    const { out } = this.#options;
    showCall(this.#screen, call);
    if (out !== null && out !== '-') {
      await writeFile(out, call.recording.heardWav());
      this.#screen.line(`  What the caller heard: ${out}`);
    }
    this.#screen.line(`  Recording: ${await this.#saveRecording(call)}`);
  }

  /** The server's recording where there is one, else the phone's own; beside the other temporary files. */
  async #saveRecording(call: { stored: StoredCall | null; recording: CallRecording }): Promise<string> {
    const { stored, recording } = call;
    const path = join(tmpdir(), `patchbay-${stored?._id ?? this.#form.CallSid}.wav`);
    const own = stored?.recordingUrl
      ? await this.#server.platform.getRecording(stored._id).catch(() => null)
      : null;
    await writeFile(path, own ?? recording.stereoWav());
    return own ? path : `${path} (made at the phone: the assistant records no calls)`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
