import { describe, expect, test } from 'vitest';
import { ProviderError } from '#engine/ports';
import { Stage, type StageOptions } from './stage.ts';

const MESSAGE = 'This is the dentist. Your appointment is tomorrow at nine. Please call us back.';
const GREETING = 'You have reached the Millers please leave a message after the tone';

const callsMachine = (options: StageOptions = {}) =>
  new Stage({ ...options, plan: { direction: 'outbound', voicemailMessage: MESSAGE, ...options.plan } });

const left = (call: Stage) => call.of('voicemail').map((event) => event.left);

describe('a message for an answering machine', () => {
  test('is left whole, in the agent’s voice, and ends the call', async () => {
    const call = callsMachine();
    expect(await call.ends()).toBe('voicemail');
    expect(call.said).toEqual([MESSAGE]);
    expect(call.of('agent.said')[0]).toMatchObject({ interrupted: false, unheardChars: 0 });
    expect(left(call)).toEqual([true]);
    expect(call.llms[0]!.requests).toEqual([]);
    expect(await call.leftovers()).toEqual([]);
  });

  test('begins soon after the tone', async () => {
    const call = callsMachine();
    await call.agentSpeaks();
    expect(call.line.audible[0]!.fromMs).toBeLessThan(2_000);
  });

  test('waits for the end of the greeting', async () => {
    const call = callsMachine();
    const greeting = await call.caller.says(GREETING);
    expect(call.line.audible).toEqual([]);
    expect(await call.ends()).toBe('voicemail');
    expect(call.line.audible[0]!.fromMs).toBeGreaterThan(greeting.toMs + 900);
    expect(call.line.audible[0]!.fromMs).toBeLessThan(greeting.toMs + 2_500);
    expect(call.said).toEqual([MESSAGE]);
  });

  test('is not put off by a pause within the greeting', async () => {
    const call = callsMachine();
    await call.caller.says('You have reached the Millers.');
    await call.caller.isSilent(700);
    const rest = await call.caller.says('Please leave a message after the tone');
    await call.agentSpeaks();
    expect(call.line.audible[0]!.fromMs).toBeGreaterThan(rest.toMs);
  });

  test('speaks over a greeting that does not end', async () => {
    const call = callsMachine();
    void call.caller.says('and so on '.repeat(60), 60_000);
    await call.agentSpeaks();
    expect(call.line.audible[0]!.fromMs).toBeGreaterThan(25_000);
    expect(call.line.audible[0]!.fromMs).toBeLessThan(32_000);
  });

  test('is interrupted by nothing that the machine says', async () => {
    const call = callsMachine();
    await call.caller.interrupts('Wait, stop, your message is too long', { afterMs: 800 });
    expect(await call.ends()).toBe('voicemail');
    expect(call.said).toEqual([MESSAGE]);
    expect(call.turns).toEqual([]);
    expect(call.of('agent.interrupted')).toEqual([]);
  });

  test('is told as not left when the machine hangs up within it', async () => {
    const call = callsMachine();
    await call.agentSpeaks();
    await call.caller.isSilent(1_000);
    call.caller.hangsUp();
    expect(await call.ends()).toBe('voicemail');
    expect(left(call)).toEqual([false]);
    const [said] = call.of('agent.said');
    expect(said).toMatchObject({ interrupted: true });
    expect(MESSAGE.startsWith(said!.text)).toBe(true);
    expect(await call.leftovers()).toEqual([]);
  });

  test('fails with the last voice', async () => {
    const call = callsMachine({
      tts: { fails: () => new ProviderError('tts/0', 'refused', 'no such voice') },
    });
    expect(await call.ends()).toBe('failed');
    expect(left(call)).toEqual([false]);
  });

  test('ends at the longest time a call may last, and when it is ended', async () => {
    const short = callsMachine({ plan: { thresholds: { maxCallDurationMs: 2_500 } } });
    expect(await short.ends()).toBe('max_duration');
    const stopped = callsMachine();
    await stopped.agentSpeaks();
    stopped.session.hangUp('ended_by_operator');
    expect(await stopped.ends()).toBe('ended_by_operator');
    expect(left(stopped)).toEqual([false]);
    expect(await stopped.leftovers()).toEqual([]);
  });
});
