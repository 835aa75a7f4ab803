import type { FarLine, StreamOrder, Telephone } from '#adapters/carrier/sandbox/telephone';
import type { Pacer } from '#audio/pacer';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import { Ear } from '#cli/ear';
import { Phone } from '#cli/phone';
import { askWebhook } from '#cli/webhook-call';
import { systemClock } from '#kernel/clock';

export interface SandboxTelephoneOptions {
  /** What the server's addresses start with, for those outside. */
  readonly publicUrl: string;
  /** Where it listens really, such as `http://127.0.0.1:3000`; asked for with each request. */
  readonly origin: () => string;
  readonly pacer: Pacer;
}

export interface SandboxTelephone extends Telephone {
  close(): Promise<void>;
}

const RATE_HZ = 8_000;
const VOICE = 'rms';
/** The agent has said what it wanted. */
const QUIET_MS = 900;
/** An agent's turn longer than this is as good as over. */
const TURN_MS = 60_000;
const TELL_MS = 5_000;
const FIRST_WORD = 'Hello.';
const BEEP_HZ = 1_000;
const BEEP_MS = 400;

/** The sandbox's callees: telephones of this process, which call the server where it listens. */
export function sandboxTelephone(options: SandboxTelephoneOptions): SandboxTelephone {
  const { pacer } = options;
  /** Signatures are over the public address; the request goes where that one may not lead yet. */
  const local = (url: string): string => {
    const publicUrl = options.publicUrl.replace(/^http/, url.startsWith('ws') ? 'ws' : 'http');
    if (!url.startsWith(publicUrl)) throw new Error('the sandbox calls no other server than its own');
    const origin = options.origin().replace(/^http/, url.startsWith('ws') ? 'ws' : 'http');
    return origin + url.slice(publicUrl.length);
  };
  const voice = voiceOnUse();
  return {
    ask: (url, form, signature) => askWebhook({ url: local(url), form, headers: headersOf(signature) }),
    async tell(url, form, signature) {
      const response = await fetch(local(url), {
        method: 'POST',
        body: new URLSearchParams(form),
        headers: headersOf(signature),
        signal: AbortSignal.timeout(TELL_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the report was answered with ${response.status}`);
    },
    connect: (stream) => connect(stream, { url: local(stream.url), pacer, voice }),
    close: () => voice.close(),
  };
}

const headersOf = (signature: string | null): Record<string, string> =>
  signature === null ? {} : { 'x-twilio-signature': signature };

async function connect(
  stream: StreamOrder,
  { url, pacer, voice }: { url: string; pacer: Pacer; voice: CallerVoice },
): Promise<FarLine> {
  const { parameters, callSid, accountSid, signature } = stream;
  const headers = headersOf(signature);
  // The first to speak loads the voice; a machine's greeting that comes late is taken for one that is over.
  await voice.speak(FIRST_WORD);
  const phone = await Phone.open({
    url,
    parameters,
    callSid,
    accountSid,
    headers,
    clock: systemClock,
    pacer,
  });
  const ear = new Ear(phone);
  return {
    async say(text) {
      await phone.say(await voice.speak(text));
    },
    beep: () => phone.say(beep()),
    async hearsAgent(withinMs) {
      const sinceMs = ear.nowMs;
      const hasBegun = () => (ear.agent.at(-1)?.toMs ?? 0) > sinceMs;
      if (!(await ear.until(hasBegun, withinMs))) return false;
      return ear.until(() => ear.isAgentQuiet(QUIET_MS), TURN_MS);
    },
    hangUp: () => void phone.hangUp(),
    ended: phone.ended.then(({ by }) => ({ byServer: by === 'server' })),
  };
}

/** The voice costs a thread, which a server without sandbox calls need not have. */
function voiceOnUse(): CallerVoice {
  let opening: Promise<CallerVoice> | null = null;
  const spoken = new Map<string, Promise<Int16Array>>();
  const speak = async (text: string) => {
    opening ??= openCallerVoice(VOICE);
    return (await opening).speak(text);
  };
  return {
    speak(text) {
      const known = spoken.get(text) ?? speak(text);
      spoken.set(text, known);
      known.catch(() => spoken.delete(text));
      return known;
    },
    close: async () => (await opening)?.close(),
  };
}

function beep(): Int16Array {
  const samples = new Int16Array((BEEP_MS * RATE_HZ) / 1_000);
  for (let i = 0; i < samples.length; i++)
    samples[i] = 8_000 * Math.sin((2 * Math.PI * BEEP_HZ * i) / RATE_HZ);
  return samples;
}
