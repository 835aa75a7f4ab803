import type { SealedText } from '#core/ports';
import type { CallId, TenantId } from '#kernel/ids';

/** How far a call of ours has got at the carrier. */
export type DialStatus =
  | 'queued'
  | 'initiated'
  | 'ringing'
  | 'in-progress'
  | 'completed'
  | 'busy'
  | 'no-answer'
  | 'failed'
  | 'canceled';

/** Whether a machine is looked for: told as soon as it is known, or when its greeting has ended. */
export type MachineDetection = 'Enable' | 'DetectMessageEnd';

/** The carrier's side of an outbound call. */
export interface Dial {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  /**
   * The tenant's own carrier account, sealed under `dial:<callId>`; null is the platform's. Forgotten some minutes after
   * the end.
   */
  readonly account: SealedText | null;
  readonly status: DialStatus;
  readonly machineDetection: MachineDetection | null;
  /** How long it may ring. */
  readonly timeoutSec: number;
  /** In the carrier's words (`human`, `machine_end_beep`); null before it told, and where nobody asked. */
  readonly answeredBy: string | null;
  /** The carrier's number of the last report taken in: earlier ones that come later change nothing. */
  readonly lastSequence: number;
  /** SHA-256 of the token in the addresses that the carrier asks for this call. */
  readonly tokenHash: string;
  /** What the tenant's backend asked for while it rang, sealed under `call:<callId>`. */
  readonly brief: SealedText | null;
  /** When the backend's word was in, or could not be had; null while it is to be asked still. */
  readonly askedAt: Date | null;
  readonly createdAt: Date;
}
