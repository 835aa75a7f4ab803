import type { Dialect, Reference } from '#http/dialect';
import { authenticate, credentialOf } from './auth.ts';
import type { VeevoDeps } from './deps.ts';
import { renderError } from './errors.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { authRoutes } from './routes/auth.ts';
import { billingRoutes } from './routes/billing.ts';
import { callbackRoutes } from './routes/callbacks.ts';
import { outboundRoutes } from './routes/outbound.ts';
import { phoneNumberRoutes } from './routes/phone-numbers.ts';
import { usageRoutes } from './routes/usage.ts';
import { voiceRoutes } from './routes/voice.ts';

/** The veevo API: numbers with callback URLs, calls in both directions, pay by the minute. */
export function veevo(deps: VeevoDeps): Dialect {
  return {
    name: 'veevo',
    prefix: '/veevo',
    reference,
    credential: credentialOf,
    authenticate: (request) => authenticate(deps.services.accounts, request),
    renderError,
    routes: [
      authRoutes(deps),
      apiKeyRoutes(deps),
      phoneNumberRoutes(deps),
      outboundRoutes(deps),
      usageRoutes(deps),
      billingRoutes(deps),
      callbackRoutes(deps),
      async (app) => {
        // Forms are taken by the webhook alone: everywhere else they are the wrong media type.
        await app.register(async (inner) => voiceRoutes(deps)(inner.withTypeProvider()));
      },
    ],
  };
}

const reference: Reference = {
  title: 'veevo API',
  version: '1.0.0',
  description: 'A voice engine: your backend is told of each call, and pays by the minute.',
  securitySchemes: {
    apiKey: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'rtk_...',
      description: 'An API key, as `Authorization: Bearer rtk_...`.',
    },
    loginToken: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The JWT from registering or logging in.',
    },
  },
  security: [{ apiKey: [] }, { loginToken: [] }],
};
