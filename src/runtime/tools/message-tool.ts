import type { Tool, ToolOutcome } from '#engine/ports';
import type { CallId } from '#kernel/ids';

/** A message that a caller left for the business. */
export interface TakenMessage {
  callId: CallId;
  text: string;
  callerName: string | null;
  phone: string | null;
  /** The same for every try of one message. */
  idempotencyKey: string;
}

/** Keeps the message where the business will find it; rejects when it cannot. */
export type DeliverMessage = (message: TakenMessage, signal: AbortSignal) => Promise<void>;

/** `take_message`. `callerNumber` stands in when the caller gives no other. */
export function takeMessageTool(deliver: DeliverMessage, callerNumber: string | null): Tool {
  return {
    spec: {
      name: 'take_message',
      description: 'Takes a message for the staff, who read it later.',
      parameters: {
        type: 'object',
        properties: {
          message: { type: 'string', description: 'The message in the words of the caller.', minLength: 1 },
          name: { type: 'string', description: "The caller's name.", minLength: 1 },
          phone: {
            type: 'string',
            description: 'Number to call back, when it is not the one they call from.',
          },
        },
        required: ['message', 'name'],
      },
    },
    whenInterrupted: 'finish',
    timeoutMs: 5_000,
    async run(args, context, signal): Promise<ToolOutcome> {
      const message: TakenMessage = {
        callId: context.callId,
        text: String(args.message ?? ''),
        callerName: typeof args.name === 'string' ? args.name : null,
        phone: typeof args.phone === 'string' && args.phone !== '' ? args.phone : callerNumber,
        idempotencyKey: context.idempotencyKey,
      };
      try {
        await deliver(message, signal);
        return { ok: true, result: { taken: true } };
      } catch {
        return { ok: false, result: { error: 'The message could not be stored.' } };
      }
    },
  };
}
