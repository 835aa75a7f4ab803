import { createHash } from 'node:crypto';
import type { CallId } from '#kernel/ids';

/**
 * What a call goes by where a carrier's form of id (`CA` and 32 hexadecimal digits) is expected: the carrier's own, else
 * one that follows from ours.
 */
export function callSidOf(callId: CallId, carrierRef: string | null): string {
  if (carrierRef?.startsWith('CA')) return carrierRef;
  return `CA${createHash('sha256').update(callId).digest('hex').slice(0, 32)}`;
}
