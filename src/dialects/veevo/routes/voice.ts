import { Type } from 'typebox';
import { acceptForms } from '#http/body-parsers';
import type { RouteModule } from '#http/dialect';
import { publicOperation } from '#http/operation';
import { signedRequest } from '#http/signed-request';
import { sendVoiceAnswer } from '#http/voice-answer';
import { DomainError } from '#kernel/errors';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';

/** What a caller hears when we are at fault; a 5xx would have the carrier read out an error instead. */
const SORRY = "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye.";

const receiveVoiceCall = {
  ...publicOperation('receiveVoiceCall', 'Engine', 'Answer Twilio when a call reaches a registered number'),
  consumes: ['application/x-www-form-urlencoded'],
  body: Type.Object({
    CallSid: Type.String({
      pattern: '^CA.+',
      maxLength: 64,
      examples: ['CA00000000000000000000000000000001'],
    }),
    From: Type.String({ minLength: 1, maxLength: 256 }),
    To: Type.String({ minLength: 1, maxLength: 256 }),
    AccountSid: Type.Optional(Type.String({ maxLength: 64 })),
    CallStatus: Type.Optional(Type.String({ maxLength: 64 })),
    Direction: Type.Optional(Type.String({ maxLength: 64 })),
    ApiVersion: Type.Optional(Type.String({ maxLength: 64 })),
  }),
  response: {
    200: {
      description: 'TwiML that opens the Media Stream, or tells the caller why not.',
      content: { 'text/xml': { schema: Type.String() } },
    },
    ...failures(400, 403),
  },
};

/** The engine's voice webhook: whose call it is, the called number says. */
export const voiceRoutes =
  ({ services: { reception }, signatures, hasRoom, publicUrl, log }: VeevoDeps): RouteModule =>
  (app) => {
    acceptForms(app);
    const open = { config: { access: 'public' }, schema: receiveVoiceCall };
    app.post('/voice', open, async (request, reply) => {
      if (!signatures.verify(signedRequest(request, publicUrl)))
        throw new DomainError('forbidden', 'The signature of the request is missing or wrong.');
      const { From: from, To: to, CallSid: carrierRef } = request.body;
      try {
        const call = { from, to, carrierRef, scope: null, hasRoom: hasRoom() };
        return sendVoiceAnswer(reply, await reception.receive(call), publicUrl);
      } catch (error) {
        log.error({ err: error, requestId: request.id }, 'a call could not be taken');
        return sendVoiceAnswer(reply, { does: 'say', text: SORRY }, publicUrl);
      }
    });
  };
