import type { Assistant } from '#core/assistants/assistant';
import type { Callbacks } from '#core/callbacks/callbacks';
import type { CallDirection, CallType } from '#core/calls/call';
import type { SealedText } from '#core/ports';
import type { OpenedProvider } from '#core/providers/provider';
import type { AssistantId, CallId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

/** Leave to open one media socket: single-use, alive for 60 s, stored hashed. */
export interface StreamTicket {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  readonly assistantId: AssistantId;
  readonly type: CallType;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly carrierRef: string | null;
  readonly variables: Readonly<Record<string, string>>;
  readonly callbacks: Callbacks;
  readonly metadata: JsonObject;
  /** What the tenant's backend asked for, sealed under `call:<callId>`; null leaves the assistant as it is. */
  readonly brief: SealedText | null;
  /** Whether a machine answered that a message is to be left on. */
  readonly voicemail: boolean;
  readonly expiresAt: Date;
}

/** All that a call is made from. Holds credentials in the clear: never stored, never logged. */
export interface CallOrder {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  /** Empty where it gave none. */
  readonly tenantName: string;
  /** The assistant's zone, else the tenant's. */
  readonly timezone: string;
  readonly assistant: Assistant;
  readonly type: CallType;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly carrierRef: string | null;
  /** The assistant's variables, overridden by those of this call. */
  readonly variables: Readonly<Record<string, string>>;
  readonly callbacks: Callbacks;
  readonly metadata: JsonObject;
  /** What to say to an answering machine, then hang up; null is a conversation. */
  readonly voicemailMessage: string | null;
  /** The lowest of the assistant's limit, the plan's, and the minutes left where the plan has no overage. */
  readonly maxDurationMs: number;
  /** The assistant's own provider first, then the embedded one as a stand-in where it is another. */
  readonly providers: {
    readonly stt: readonly OpenedProvider[];
    readonly llm: readonly OpenedProvider[];
    readonly tts: readonly OpenedProvider[];
  };
}
