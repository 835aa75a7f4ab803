import type { FastifyReply } from 'fastify';
import type { VoiceAnswer } from '#core/dialing/reception';
import { connectStream, hangup, reject, type StreamOrder, sayAndHangUp } from './twiml.ts';

/** Where the media of a call go, and what the carrier asks when they have ended. */
export type MediaAddresses = Pick<StreamOrder, 'url' | 'actionUrl'>;

/** Answers a carrier's voice webhook in TwiML. `at` is where our media streams are: the public URL chooses the usual ones. */
export function sendVoiceAnswer(
  reply: FastifyReply,
  answer: VoiceAnswer,
  at: string | MediaAddresses,
): FastifyReply {
  const media = typeof at === 'string' ? usual(at) : at;
  return reply.type('text/xml; charset=utf-8').send(twimlOf(answer, media));
}

const usual = (publicUrl: string): MediaAddresses => ({
  url: `${publicUrl.replace(/^http/, 'ws')}/media/twilio`,
  actionUrl: `${publicUrl}/media/twilio/after`,
});

function twimlOf(answer: VoiceAnswer, media: MediaAddresses): string {
  switch (answer.does) {
    case 'connect':
      return connectStream({ ...media, parameters: { token: answer.token } });
    case 'say':
      return sayAndHangUp(answer.text);
    case 'reject':
      return reject(answer.reason);
    case 'hang up':
      return hangup();
  }
}
