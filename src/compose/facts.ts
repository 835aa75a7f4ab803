import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '#adapters/db/open';
import type { PortChoice, StartFacts } from '#cli/banner';
import type { Config } from '#src/config';

const ROOT = join(import.meta.dirname, '../..');

function carrierChoice({ carrier, twilio, secrets }: Config): PortChoice {
  const checks =
    secrets.twilioAuthToken === null ? 'signatures unchecked: no TWILIO_AUTH_TOKEN' : 'signatures checked';
  if (carrier === 'sandbox')
    return { port: 'carrier', adapter: 'sandbox', why: `no Twilio account; ${checks}` };
  const account =
    twilio.accountSid === null ? "calls on tenants' own accounts only" : 'TWILIO_ACCOUNT_SID is set';
  return { port: 'carrier', adapter: 'Twilio', why: `${account}; ${checks}` };
}

/** The version, and which adapter each port runs on and why. */
export function factsOf(config: Config, database: Database): Pick<StartFacts, 'version' | 'choices'> {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const choices: PortChoice[] = [
    {
      port: 'database',
      adapter: database.kind === 'embedded' ? 'PostgreSQL, embedded' : 'PostgreSQL, yours',
      why:
        database.kind === 'embedded'
          ? `in ${config.dataDir}, as DATABASE_URL is not set`
          : 'DATABASE_URL is set',
    },
    {
      port: 'speech',
      adapter: 'Moonshine, Silero, Flite',
      why: 'embedded; other providers are chosen per assistant',
    },
    { port: 'language', adapter: 'concierge', why: 'embedded; other providers are chosen per assistant' },
    carrierChoice(config),
    {
      port: 'payments',
      adapter: config.stripe ? 'Stripe' : 'sandbox',
      why: config.stripe
        ? `webhooks ${config.secrets.stripeWebhookSecret === null ? 'refused: STRIPE_WEBHOOK_SECRET is not set' : 'checked'}`
        : 'STRIPE_SECRET_KEY is not set',
    },
    { port: 'calendar', adapter: 'sandbox', why: 'bookings are kept in the database' },
    { port: 'recordings', adapter: 'disk', why: join(config.dataDir, 'blobs') },
  ];
  return { version, choices };
}
