import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { acceptForms } from '#http/body-parsers';
import { type RouteModule, scopeOf } from '#http/dialect';
import { signedRequest } from '#http/signed-request';
import { connectStream, sayAndHangUp } from '#http/twiml';
import { DomainError, type ErrorCode } from '#kernel/errors';
import { WEBHOOK } from '../auth.ts';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { operation } from '../operation.ts';

const BUSY = "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye.";

/** Refusals that a caller hears about; the rest are the tenant's to mend and go to Twilio's debugger. */
const SPOKEN: readonly ErrorCode[] = ['quota', 'precondition', 'unavailable'];

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
    CallSid: Type.String({ pattern: '^CA.+', maxLength: 64 }),
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
 * Twilio's voice webhook. The key in its address opens nothing but this: it goes into no answer and no log, and the
 * stream gets a token of its own, good for one socket.
 */
export const twilioRoutes =
  ({ services: { admission }, signatures, hasRoom, publicUrl }: VoicexDeps): RouteModule =>
  (app) => {
    acceptForms(app);
    const stream = {
      url: `${publicUrl.replace(/^http/, 'ws')}/media/twilio`,
      actionUrl: `${publicUrl}/media/twilio/after`,
    };
    const options = { config: { access: WEBHOOK }, schema: receiveVoiceCall };
    app.post('/api/twilio/voice', options, async (request, reply) => {
      if (!signatures.verify(signedRequest(request, publicUrl)))
        throw new DomainError('forbidden', 'The signature of the request is missing or wrong.');
      if (!hasRoom()) return sendXml(reply, sayAndHangUp(BUSY));
      try {
        const { token } = await admission.admit(scopeOf(request), {
          type: 'phone',
          direction: 'inbound',
          from: request.body.From,
          to: request.body.To,
          carrierRef: request.body.CallSid,
          assistantId: request.query.agentId,
        });
        return sendXml(reply, connectStream({ ...stream, parameters: { token } }));
      } catch (error) {
        if (error instanceof DomainError && SPOKEN.includes(error.code))
          return sendXml(reply, sayAndHangUp(BUSY));
        throw error;
      }
    });
  };

function sendXml(reply: FastifyReply, xml: string): FastifyReply {
  return reply.type('text/xml; charset=utf-8').send(xml);
}
