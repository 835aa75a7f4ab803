import { type Static, Type } from 'typebox';
import type { OutboundOrder, PlacedCall } from '#core/dialing/service';
import type { JsonObject } from '#kernel/json';
import { callbackFields, readCallbacks } from './phone-number.ts';

const PhoneNumber = Type.String({
  pattern: '^\\+[1-9][0-9]{6,14}$',
  description: 'E.164.',
  examples: ['+14155550123'],
});

export const OutboundOrderBody = Type.Object({
  to: PhoneNumber,
  from: Type.String({
    pattern: '^\\+[1-9][0-9]{6,14}$',
    examples: ['+14155550100'],
    description: 'A number registered to the account.',
  }),
  ...callbackFields,
  twilioAccountSid: Type.String({
    pattern: '^AC[\\w.]+$',
    maxLength: 64,
    examples: ['AC00000000000000000000000000000001'],
  }),
  twilioAuthToken: Type.String({ minLength: 1, maxLength: 256, format: 'password' }),
  metadata: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      additionalProperties: true,
      description: 'Comes back with every callback of the call.',
    }),
  ),
  machineDetection: Type.Optional(Type.Enum(['Enable', 'DetectMessageEnd'])),
  timeout: Type.Optional(
    Type.Integer({ minimum: 5, maximum: 120, default: 30, description: 'Seconds that it rings.' }),
  ),
});

const RING_SEC = 30;

export function readOutboundOrder(body: Static<typeof OutboundOrderBody>): OutboundOrder {
  return {
    to: body.to,
    from: body.from,
    callbacks: readCallbacks(body),
    metadata: body.metadata ?? {},
    account: { accountSid: body.twilioAccountSid, authToken: body.twilioAuthToken },
    machineDetection: body.machineDetection ?? null,
    timeoutSec: body.timeout ?? RING_SEC,
  };
}

export const PlacedCallBody = Type.Object({
  callSid: Type.String({ description: "Twilio's SID of the call." }),
  status: Type.String({ description: 'As the carrier says it, `queued` at first.' }),
  callId: Type.String({ description: 'The id that callbacks and usage call it by.' }),
});

export function showPlacedCall({ callSid, status, callId }: PlacedCall): Static<typeof PlacedCallBody> {
  return { callSid, status, callId };
}
