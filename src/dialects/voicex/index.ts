import type { Dialect, Reference } from '#http/dialect';
import { authenticate, credentialOf } from './auth.ts';
import type { VoicexDeps } from './deps.ts';
import { renderError } from './errors.ts';
import { agentRoutes } from './routes/agents.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { authRoutes } from './routes/auth.ts';
import { callRoutes } from './routes/calls.ts';
import { organizationRoutes } from './routes/organization.ts';
import { providerRoutes } from './routes/providers.ts';
import { publicRoutes } from './routes/public.ts';
import { twilioRoutes } from './routes/twilio.ts';

/** The Voicex API: organizations with plans, agents wired to model providers, Twilio Media Streams. */
export function voicex(deps: VoicexDeps): Dialect {
  return {
    name: 'voicex',
    prefix: '/voicex',
    reference,
    credential: credentialOf,
    authenticate: (request) => authenticate(deps.services.accounts, request),
    renderError,
    routes: [
      publicRoutes(deps),
      authRoutes(deps),
      organizationRoutes(deps),
      agentRoutes(deps),
      callRoutes(deps),
      apiKeyRoutes(deps),
      providerRoutes(deps),
      async (app) => {
        // Forms are taken by the webhook alone: everywhere else they are the wrong media type.
        await app.register(async (inner) => twilioRoutes(deps)(inner.withTypeProvider()));
      },
    ],
  };
}

const reference: Reference = {
  title: 'Voicex API',
  version: '1.0.0',
  description: 'Organizations with plans, agents wired to model providers, and Twilio Media Streams.',
  securitySchemes: {
    token: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'The JWT from signing up or signing in.',
    },
    apiKey: {
      type: 'apiKey',
      in: 'header',
      name: 'x-api-key',
      description: 'An API key, vx_ and 48 hexadecimal digits.',
    },
    webhookKey: {
      type: 'apiKey',
      in: 'query',
      name: 'api_key',
      description: 'The same kind of API key, in the address that Twilio is given.',
    },
  },
  security: [{ token: [] }, { apiKey: [] }],
};
