import type { TestServer } from '#test/support/server';
import { newCallSid, type PhoneCall, pickUp, ring } from './telephone.ts';
import type { Tenant } from './tenants.ts';

/** What a kind of caller does in a call, until the call is over. */
type Habit = (call: PhoneCall, lines: CrowdLines) => Promise<unknown>;

/** What the callers say, 8000 Hz. */
export interface CrowdLines {
  hours: Int16Array;
  where: Int16Array;
  bye: Int16Array;
}

export interface CrowdTally {
  /** Carrier ids of the calls that were connected. */
  readonly callSids: readonly string[];
  /** Calls that were politely put off, as a machine that falls behind does; the caller tries again. */
  readonly putOff: number;
  /** What kept a caller from doing what it wanted. */
  readonly troubles: readonly string[];
  /** Questions asked, and how many of them were answered. */
  readonly asked: number;
  readonly answered: number;
}

const AGAIN_MS = 1_000;

/** The mix, in turns: a whole conversation, an interruption, a hang-up in a reply, keys and a lost connection, silence. */
const HABITS: Readonly<Record<string, Habit>> = {
  async converses(call, { hours, where, bye }) {
    await call.opened();
    for (const line of [hours, where]) {
      await call.ask(line);
      await call.finished();
    }
    await call.ask(bye);
    await call.ear.until(() => false, 15_000);
    return call.end.hangUp();
  },
  async interrupts(call, { hours, where }) {
    await call.opened();
    await call.ask(hours);
    await call.speaking(800);
    await call.ask(where);
    await call.finished();
    return call.end.hangUp();
  },
  async leaves(call, { hours }) {
    await call.opened();
    await call.ask(hours);
    await call.speaking(500);
    return call.end.hangUp();
  },
  async presses(call) {
    await call.opened();
    const pressedMs = call.ear.nowMs;
    call.end.press('12#');
    await call.ear.until(() => call.ear.agent.at(-1)!.fromMs > pressedMs, 8_000);
    return call.end.cut();
  },
  async listens(call) {
    await call.ear.until(() => false, 10_000);
    return call.end.hangUp();
  },
};

/** Keeps `size` calls going at a time, each finished one replaced by the next, for so long; then lets them all end. */
export async function holdCrowd(
  server: TestServer,
  tenant: Tenant,
  crowd: { agentId: string; size: number; lastingMs: number; lines: CrowdLines },
): Promise<CrowdTally> {
  const tally = { callSids: [] as string[], putOff: 0, troubles: [] as string[], asked: 0, answered: 0 };
  const names = Object.keys(HABITS);
  const untilMs = performance.now() + crowd.lastingMs;
  const hold = async (name: string): Promise<'held' | 'put off'> => {
    const call = await connect(server, tenant, crowd.agentId);
    if (call === null) return 'put off';
    countAnswers(call, tally);
    const failure = await HABITS[name]!(call, crowd.lines).then(() => null, String);
    const { code, reason } = await call.end.hangUp();
    if (code === 1008 && /try again/.test(reason)) return 'put off';
    tally.callSids.push(call.end.callSid);
    if (failure !== null) tally.troubles.push(`${name}: ${failure}`);
    return 'held';
  };
  const place = async (at: number): Promise<void> => {
    for (let nth = at; performance.now() < untilMs; nth++) {
      if ((await hold(names[nth % names.length]!)) === 'held') continue;
      tally.putOff++;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  };
  await Promise.all(Array.from({ length: crowd.size }, (_, at) => place(at)));
  return tally;
}

/** Null when the caller is asked to try again. */
async function connect(server: TestServer, { key }: Tenant, agentId: string): Promise<PhoneCall | null> {
  const callSid = newCallSid();
  const order = await ring(server, key, { agentId, callSid });
  if (order.kind === 'stream') return pickUp(order, callSid);
  if (order.kind === 'say' && /try again/.test(order.text)) return null;
  throw new Error(`not connected: ${JSON.stringify(order)}`);
}

function countAnswers(call: PhoneCall, tally: { asked: number; answered: number }): void {
  const ask = call.ask.bind(call);
  call.ask = async (audio, withinMs) => {
    tally.asked++;
    const waitedMs = await ask(audio, withinMs);
    if (waitedMs !== null) tally.answered++;
    return waitedMs;
  };
}
