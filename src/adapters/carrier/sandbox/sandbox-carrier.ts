import { randomBytes } from 'node:crypto';
import type { Carrier, CarrierAccount, DialOrder } from '#core/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { SandboxCall } from './sandbox-call.ts';
import type { Telephone } from './telephone.ts';

/** A call that the sandbox was asked to place. */
export interface PlacedSandboxCall {
  readonly callSid: string;
  readonly to: string;
  readonly from: string;
  /** Where its media were connected to; null while they are not. */
  readonly mediaUrl: string | null;
  readonly status: string;
  readonly at: Date;
}

/** Calls without a telephone network: each is answered by a scripted callee, as its number says. */
export interface SandboxCarrier extends Carrier {
  /** Newest first. */
  placed(to?: string): PlacedSandboxCall[];
  /** Ends all calls, and resolves when they are over. */
  close(): Promise<void>;
}

export interface SandboxCarrierOptions {
  readonly telephone: Telephone;
  /** The account that calls are made on which bring none; `authToken` null leaves their requests unsigned. */
  readonly account: { readonly accountSid: string; readonly authToken: string | null };
  readonly clock: Clock;
  readonly log: Log;
}

const REMEMBERED = 1_000;
const E164 = /^\+[1-9]\d{6,14}$/;

/** The sandbox behaves as the carrier does, and speaks with the server over the same requests and the same media. */
export function sandboxCarrier(options: SandboxCarrierOptions): SandboxCarrier {
  const calls = new Map<string, SandboxCall>();
  return {
    name: 'sandbox',
    async dial(order, signal) {
      signal.throwIfAborted();
      requireCallable(order);
      const callSid = `CA${randomBytes(16).toString('hex')}`;
      const call = new SandboxCall(callSid, order, { ...options, account: order.account ?? options.account });
      calls.set(callSid, call);
      forget(calls);
      return { ref: callSid, status: 'queued' };
    },
    async hangUp({ account, ref }, signal) {
      signal.throwIfAborted();
      const call = calls.get(ref);
      if (call && isOf(call, account)) await call.hangUp();
    },
    placed: (to) =>
      [...calls.values()]
        .filter((call) => to === undefined || call.to === to)
        .map(({ callSid, to, from, mediaUrl, status, at }) => ({ callSid, to, from, mediaUrl, status, at }))
        .reverse(),
    async close() {
      await Promise.all([...calls.values()].map((call) => call.hangUp()));
    },
  };
}

function requireCallable({ to, from }: DialOrder): void {
  for (const [field, number] of Object.entries({ to, from })) {
    if (!E164.test(number))
      throw new DomainError('invalid', `The ${field} number cannot be called.`, { field });
  }
}

/** A call is there for the account that it was made on, and for nobody else. */
function isOf(call: SandboxCall, account: CarrierAccount | null): boolean {
  return account === null ? !call.hasOwnAccount : call.accountSid === account.accountSid;
}

function forget(calls: Map<string, SandboxCall>): void {
  for (const [callSid, call] of calls) {
    if (calls.size <= REMEMBERED) return;
    if (call.isOver) calls.delete(callSid);
  }
}
