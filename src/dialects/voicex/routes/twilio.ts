import { Type } from 'typebox';
import { acceptForms } from '#http/body-parsers';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import { signedRequest } from '#http/signed-request';
import { sendVoiceAnswer } from '#http/voice-answer';
import { DomainError } from '#kernel/errors';
import { WEBHOOK } from '../auth.ts';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';

const receiveVoiceCall = {
  ...operation('receiveVoiceCall', 'Twilio Webhook', 'Answer Twilio when a call comes in'),
  security: [{ webhookKey: [] }],
  consumes: ['application/x-www-form-urlencoded'],
  querystring: Type.Object({
    api_key: Type.String({ minLength: 1 }),
    agentId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Who answers, where the number decides nothing.',
      }),
    ),
  }),
  body: Type.Object({
    CallSid: Type.String({
      pattern: '^CA.+',
      maxLength: 64,
      examples: ['CA00000000000000000000000000000001'],
    }),
    From: Type.String({ minLength: 1, maxLength: 256 }),
    To: Type.String({ minLength: 1, maxLength: 256 }),
  }),
  response: {
    200: {
      description: 'TwiML that opens the Media Stream, or a polite refusal where there is no room.',
      content: { 'text/xml': { schema: Type.String() } },
    },
    ...failures(400, 401, 403, 404),
  },
};

/**
 * Twilio's voice webhook. A refusal that is the tenant's to mend goes to Twilio's debugger. The key in its address opens
 * nothing but this: it goes into no answer and no log, and the stream gets a token of its own, good for one socket.
 */
export const twilioRoutes =
  ({ services: { reception }, signatures, hasRoom, publicUrl }: VoicexDeps): RouteModule =>
  (app) => {
    acceptForms(app);
    const options = { config: { access: WEBHOOK }, schema: receiveVoiceCall };
    app.post('/api/twilio/voice', options, async (request, reply) => {
      if (!signatures.verify(signedRequest(request, publicUrl)))
        throw new DomainError('forbidden', 'The signature of the request is missing or wrong.');
      const { From: from, To: to, CallSid: carrierRef } = request.body;
      const { agentId: assistantId } = request.query;
      const asked = assistantId === undefined ? {} : { assistantId };
      const call = { from, to, carrierRef, scope: scopeOf(request), hasRoom: hasRoom(), ...asked };
      return sendVoiceAnswer(reply, await reception.receive(call), publicUrl);
    });
  };
