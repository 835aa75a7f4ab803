import type { Database } from '#adapters/db/open';
import type { EmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import type { Services } from '#core/services';
import { veevo } from '#dialects/veevo/index';
import { voicex } from '#dialects/voicex/index';
import { createBrowserGateway } from '#gateways/browser-socket/browser-gateway';
import { talkPage } from '#gateways/browser-socket/talk-page';
import { carrierWebhooks } from '#gateways/carrier-webhooks/carrier-webhooks';
import { checkoutPages } from '#gateways/payments/checkout-pages';
import { PAYMENT_WEBHOOK_PATH, paymentWebhook } from '#gateways/payments/payment-webhook';
import { sandboxPages } from '#gateways/payments/sandbox-pages';
import { afterStream } from '#gateways/twilio-media/after-stream';
import { createDialedMedia, createTwilioMedia } from '#gateways/twilio-media/twilio-media';
import { createSocketHub } from '#gateways/upgrade';
import { buildApp } from '#http/app';
import { systemClock } from '#kernel/clock';
import type { Log } from '#kernel/log';
import { operator } from '#operator/index';
import type { Demo } from '#runtime/demo';
import type { Config } from '#src/config';
import type { Calls } from './calls.ts';
import type { CarrierPort } from './carrier.ts';
import type { Keys } from './keys.ts';
import type { PaymentsPort } from './payments.ts';

interface SurfaceParts {
  config: Config;
  log: Log;
  services: Services;
  payments: PaymentsPort;
  speech: EmbeddedSpeech;
  database: Database;
  keys: Keys;
  carrier: CarrierPort;
  calls: Calls;
  demo: Demo;
}

/** HTTP and sockets: the dialects, the operator's API, the media gateways and the talk page. */
export async function openSurfaces(parts: SurfaceParts) {
  const { config, log, services, database, keys, calls } = parts;
  const { publicUrl } = config;
  const clock = systemClock;
  const { signatures } = parts.carrier;
  const { dialing, transfers } = services;
  const { hasBegun } = services.calls;
  const { launcher, pacer } = calls;
  const media = { launcher, pacer, clock, log, transfers, publicUrl };
  const twilio = createTwilioMedia({ ...media, signatures });
  const dialed = createDialedMedia({ ...media, isGenuine: dialing.isGenuine.bind(dialing) });
  const browser = createBrowserGateway({ launcher, pacer, clock, log });
  const hub = createSocketHub([twilio, dialed, browser], { clock, log });
  Object.defineProperty(calls.sockets, 'size', { get: () => hub.size });
  /** Asked once a call that comes in. */
  const hasRoom = () => {
    if (launcher.hasRoom()) return true;
    calls.meters.callRefused('no room');
    return false;
  };
  const app = await buildApp({
    dialects: [
      veevo({ services, signatures, hasRoom, publicUrl, log }),
      voicex({ services, blobs: calls.blobs, signatures, hasRoom, publicUrl, clock }),
    ],
    operator: operator({
      services,
      adminApiKey: keys.admin,
      jobs: { runDue: (name) => calls.queue.runDue(name ?? undefined) },
      callOutbox: parts.carrier.sandbox,
    }),
    extraPlugins: [
      afterStream({ publicUrl, signatures, transfers, hasBegun }),
      carrierWebhooks({ dialing, transfers, hasBegun, hasRoom, publicUrl, log }),
      talkPlugin(parts),
      ...paymentPlugins(parts),
    ],
    checks: [
      { name: 'database', check: async () => void (await database.pool.query('select 1')) },
      { name: 'queue', check: async () => void (await calls.queue.figures()) },
      { name: 'speech', check: async () => void parts.speech.load() },
      { name: 'calls', check: async () => refuseWhile(launcher.isStopped, 'the server is going down') },
    ],
    metrics: calls.meters,
    idempotency: services.idempotency,
    log,
    config,
  });
  parts.payments.connect(async (payload, headers) => {
    const answer = await app.inject({ method: 'POST', url: PAYMENT_WEBHOOK_PATH, payload, headers });
    return answer.statusCode;
  });
  hub.attach(app.server);
  return { app, hub, browser };
}

function paymentPlugins({ config, log, services: { billing }, payments }: SurfaceParts) {
  return [
    paymentWebhook({ billing, publicUrl: config.publicUrl, log }),
    checkoutPages({ billing, log }),
    ...(payments.sandbox ? [sandboxPages({ desk: payments.sandbox.desk, log })] : []),
  ];
}

function refuseWhile(isSo: boolean, why: string): void {
  if (isSo) throw new Error(why);
}

function talkPlugin({ config, log, services, demo }: SurfaceParts) {
  const describe = async () => {
    const assistant = await services.assistants.get(demo.scope, demo.agentId);
    const llm = await services.providers.get(demo.scope, assistant.llm.providerId);
    return { name: assistant.name, isConcierge: llm.providerKey === 'concierge' };
  };
  return talkPage({
    describeTalk: describe,
    async startTalk() {
      const { token } = await demo.admitVisitor();
      return { token, assistant: await describe() };
    },
    publicUrl: config.publicUrl,
    sessionsPerMinute: config.rateLimitPerMinute === null ? null : 10,
    log,
  });
}

export type Surfaces = Awaited<ReturnType<typeof openSurfaces>>;
