import type { FastifyReply } from 'fastify';
import type { VoiceAnswer } from '#core/dialing/reception';
import { connectStream, hangup, reject, sayAndHangUp } from './twiml.ts';

/** Answers a carrier's voice webhook in TwiML. `publicUrl` is where its media streams find us. */
export function sendVoiceAnswer(reply: FastifyReply, answer: VoiceAnswer, publicUrl: string): FastifyReply {
  return reply.type('text/xml; charset=utf-8').send(twimlOf(answer, publicUrl));
}

function twimlOf(answer: VoiceAnswer, publicUrl: string): string {
  switch (answer.does) {
    case 'connect':
      return connectStream({
        url: `${publicUrl.replace(/^http/, 'ws')}/media/twilio`,
        actionUrl: `${publicUrl}/media/twilio/after`,
        parameters: { token: answer.token },
      });
    case 'say':
      return sayAndHangUp(answer.text);
    case 'reject':
      return reject(answer.reason);
    case 'hang up':
      return hangup();
  }
}
