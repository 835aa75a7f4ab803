import { expect } from 'vitest';
import { readWav } from '#audio/wav';
import { wordErrors } from '#test/speech/word-errors';
import type { TestServer } from '#test/support/server';
import { alignment } from './alignment.ts';
import type { Listener } from './listener.ts';
import type { CallersEnd, StoredCall, TestCall } from './telephone.ts';
import type { Tenant } from './tenants.ts';

/** A call as it was at the caller's end, and what is kept of it. */
export interface KeptCall {
  call: TestCall<CallersEnd>;
  stored: StoredCall;
  by: Tenant;
  rateHz: 8000 | 16000;
  /** How like the recording is to what went over the line; less where the codec loses something. */
  likeness: number;
}

export const textsOf = (call: StoredCall, role: string): string[] =>
  call.transcript.filter((entry) => entry.role === role).map(({ text }) => text);

/** What the server wrote down of the agent is what came out of the caller's end. */
export async function expectHeardTruth(
  { call, stored, rateHz }: KeptCall,
  listener: Listener,
): Promise<void> {
  const heard = await listener.hear(call.heard, rateHz);
  const told = textsOf(stored, 'assistant').join(' ');
  const { errors, words } = wordErrors(told, heard.replaceAll(':00', ''));
  expect(errors / words, heard).toBeLessThan(0.2);
}

export const fetchRecording = (server: TestServer, call: StoredCall, by: Tenant): Promise<Response> =>
  fetch(server.url + new URL(call.recordingUrl!).pathname, { headers: { 'x-api-key': by.key } });

/** Caller left, agent right, together as they were at the caller's end, and the log's times are places in the file. */
export async function expectRecording(kept: KeptCall, server: TestServer): Promise<void> {
  const { call, stored, by, rateHz, likeness } = kept;
  const response = await fetchRecording(server, stored, by);
  expect(response.headers.get('content-type')).toContain('audio/wav');
  const wav = readWav(new Uint8Array(await response.arrayBuffer()));
  expect(wav.rateHz).toBe(rateHz);
  const [left, right] = wav.channels as [Int16Array, Int16Array];
  expect(left.length / rateHz).toBeCloseTo(stored.durationSec!, 0);
  expect(right.some((sample) => Math.abs(sample) > 1_000)).toBe(true);
  const firstTurn = stored.transcript.find(({ role }) => role === 'user')!;
  const spokenAt = left.findIndex((sample) => Math.abs(sample) > 1_000) / (rateHz / 1000);
  expect(Math.abs(firstTurn.atMs - spokenAt)).toBeLessThan(200);
  const sent = { caller: call.spoken, agent: call.heard };
  const aligned = alignment(sent, { caller: left, agent: right }, { rateHz, likeness });
  expect(aligned.found).toBeGreaterThan(0.9);
  expect(Math.abs(aligned.callerLagMs - aligned.agentLagMs)).toBeLessThan(60);
}
