import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '#adapters/db/open';
import type { PortChoice, StartFacts } from '#cli/banner';
import type { Config } from '#src/config';

const ROOT = join(import.meta.dirname, '../..');

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
    {
      port: 'carrier',
      adapter: 'Twilio Media Streams',
      why:
        config.secrets.twilioAuthToken === null
          ? 'signatures unchecked: TWILIO_AUTH_TOKEN is not set'
          : 'signatures checked',
    },
    { port: 'calendar', adapter: 'sandbox', why: 'bookings are kept in the database' },
    { port: 'recordings', adapter: 'disk', why: join(config.dataDir, 'blobs') },
  ];
  return { version, choices };
}
