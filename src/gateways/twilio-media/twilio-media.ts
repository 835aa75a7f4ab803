import type { IncomingMessage } from 'node:http';
import type { CarrierSignatures, SignedRequest } from '#core/ports';
import { MediaSession, type MediaSessionDeps } from '#gateways/twilio-media/media-session';
import type { SocketGateway } from '#gateways/upgrade';
import { DomainError } from '#kernel/errors';

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
    admit: (request) =>
      handshakes(request, url).some((signed) => deps.signatures.verify(signed)) ? null : 403,
    accept: (socket) => new MediaSession(socket, deps),
  };
}

export interface DialedMediaDeps extends MediaSessionDeps {
  publicUrl: string;
  /** Whether a request about the call with this token comes from its carrier. Throws `not_found`. */
  isGenuine(token: string, request: SignedRequest): Promise<boolean>;
}

/** The same for calls that we dialed: each has an address of its own, signed by the account that it was dialed on. */
export function createDialedMedia(deps: DialedMediaDeps): SocketGateway {
  const origin = deps.publicUrl.replace(/^http/, 'ws').replace(/\/+$/, '');
  return {
    path: `${TWILIO_MEDIA_PATH}/*`,
    async admit(request) {
      const path = (request.url ?? '').replace(/\?.*$/, '');
      const token = path.slice(TWILIO_MEDIA_PATH.length + 1);
      try {
        for (const signed of handshakes(request, origin + path)) {
          if (await deps.isGenuine(token, signed)) return null;
        }
        return 403;
      } catch (thrown) {
        if (thrown instanceof DomainError && thrown.code === 'not_found') return 404;
        throw thrown;
      }
    },
    accept: (socket) => new MediaSession(socket, deps),
  };
}

/** Twilio is known to sign the handshake's URL with a slash behind it as well. */
function handshakes(request: IncomingMessage, url: string): SignedRequest[] {
  const signature = request.headers['x-twilio-signature'];
  const headers = { 'x-twilio-signature': typeof signature === 'string' ? signature : undefined };
  const signed = { method: 'GET', headers, rawBody: new Uint8Array(0), form: {} };
  return [url, `${url}/`].map((address) => ({ ...signed, url: address }));
}
