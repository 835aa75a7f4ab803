import type { IncomingMessage } from 'node:http';
import type { CarrierSignatures } from '#core/ports';
import { MediaSession, type MediaSessionDeps } from '#gateways/twilio-media/media-session';
import type { SocketGateway } from '#gateways/upgrade';

export interface TwilioMediaDeps extends MediaSessionDeps {
  /** What absolute URLs start with, `http` or `https`; the carrier signs the `ws` or `wss` form of it. */
  publicUrl: string;
  /** Checks X-Twilio-Signature of the handshake. */
  signatures: CarrierSignatures;
}

/** Path of the socket that the TwiML's Stream points to. */
export const TWILIO_MEDIA_PATH = '/media/twilio';

/** The gateway for Twilio Media Streams (https://www.twilio.com/docs/voice/media-streams/websocket-messages). */
export function createTwilioMedia(deps: TwilioMediaDeps): SocketGateway {
  const url = deps.publicUrl.replace(/^http/, 'ws').replace(/\/+$/, '') + TWILIO_MEDIA_PATH;
  return {
    path: TWILIO_MEDIA_PATH,
    admit: (request) => (isSigned(request, { url, signatures: deps.signatures }) ? null : 403),
    accept: (socket) => new MediaSession(socket, deps),
  };
}

/** Twilio is known to sign the handshake's URL with a slash behind it as well. */
function isSigned(request: IncomingMessage, by: { url: string; signatures: CarrierSignatures }): boolean {
  const signature = request.headers['x-twilio-signature'];
  const headers = { 'x-twilio-signature': typeof signature === 'string' ? signature : undefined };
  const signed = { method: 'GET', headers, rawBody: new Uint8Array(0), form: {} };
  return [by.url, `${by.url}/`].some((url) => by.signatures.verify({ ...signed, url }));
}
