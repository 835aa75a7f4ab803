import { resolve } from 'node:path';

/** Everything the environment can set, checked and frozen. Only this file reads the environment. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** What every generated absolute URL starts with; no slash at its end. */
  readonly publicUrl: string;
  /** Absolute path of the folder for the embedded database, recordings, models and keys. */
  readonly dataDir: string;
  /** A PostgreSQL server to use in place of the embedded one. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  readonly tenantApproval: 'manual' | 'auto';
  /** Requests a minute for each credential; null is no limit. */
  readonly rateLimitPerMinute: number | null;
  /** `host:port` pairs that callback and tool URLs may name although they are private or not HTTPS. */
  readonly callbackAllowlist: readonly string[];
  /** Dialects served at the root of a Host as well. */
  readonly dialectHosts: readonly { dialect: string; host: string; port: number | null }[];
  /** How long live calls may go on after the server was asked to stop. */
  readonly drainMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Threads that recognise speech; null chooses by the number of cores. */
  readonly sttWorkers: number | null;
  /** The account at Stripe; null takes payments in the sandbox. */
  readonly stripe: StripeSettings | null;
  /** What calls are made with: Twilio where an account is given, else the sandbox. */
  readonly carrier: 'twilio' | 'sandbox';
  readonly twilio: {
    readonly accountSid: string | null;
    /** In place of Twilio's own address. */
    readonly apiUrl: string | null;
  };
  /** Secrets as given; what is null is generated into the data folder, or switches its check off. */
  readonly secrets: {
    readonly adminApiKey: string | null;
    readonly jwtSecret: string | null;
    readonly encryptionKey: string | null;
    readonly twilioAuthToken: string | null;
    readonly stripeWebhookSecret: string | null;
  };
}

/** Prices and the meter are Stripe's ids and names of them. */
export interface StripeSettings {
  readonly secretKey: string;
  /** Monthly base of the metered plan; null makes a price of the plan's own amount for each checkout. */
  readonly basePrice: string | null;
  readonly meteredPrice: string;
  readonly meter: string;
  /** In place of Stripe's own address. */
  readonly apiUrl: string | null;
}

/** A setting that cannot be used; the message names the variable, what it holds (unless secret) and what it takes. */
export class ConfigError extends Error {}

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the configuration from the environment. Throws ConfigError with every mistake at once. */
export function readConfig(env: Env = process.env): Config {
  const problems: string[] = [];
  const read = reader(env, problems);
  const port = read.integer('PORT', 3000, { min: 0, max: 65_535 });
  const config: Config = {
    host: read.text('HOST') ?? '127.0.0.1',
    port,
    publicUrl: read.url('PUBLIC_URL', ['http:', 'https:']) ?? `http://localhost:${port}`,
    dataDir: resolve(read.text('DATA_DIR') ?? './data'),
    databaseUrl: read.url('DATABASE_URL', ['postgres:', 'postgresql:']),
    redisUrl: read.url('REDIS_URL', ['redis:', 'rediss:']),
    tenantApproval: read.oneOf('TENANT_APPROVAL', ['manual', 'auto']) ?? 'manual',
    rateLimitPerMinute:
      read.text('RATE_LIMIT') === 'off' ? null : read.integer('RATE_LIMIT', 600, { min: 1, max: 1e9 }),
    callbackAllowlist: read.list('CALLBACK_ALLOWLIST'),
    dialectHosts: read.list('DIALECT_HOSTS').flatMap((entry) => dialectHost(entry, problems)),
    drainMs: 1000 * read.integer('DRAIN_SEC', 30, { min: 0, max: 86_400 }),
    logLevel: read.oneOf('LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent']) ?? 'warn',
    sttWorkers:
      read.text('STT_WORKERS') === null ? null : read.integer('STT_WORKERS', 1, { min: 1, max: 64 }),
    stripe: stripeSettings(read, problems),
    carrier: read.oneOf('CARRIER', ['twilio', 'sandbox']) ?? (hasTwilio(read) ? 'twilio' : 'sandbox'),
    twilio: {
      accountSid: read.text('TWILIO_ACCOUNT_SID'),
      apiUrl: read.url('TWILIO_API_URL', ['http:', 'https:']),
    },
    secrets: {
      adminApiKey: read.text('ADMIN_API_KEY'),
      jwtSecret: read.text('JWT_SECRET'),
      encryptionKey: read.text('ENCRYPTION_KEY'),
      twilioAuthToken: read.text('TWILIO_AUTH_TOKEN'),
      stripeWebhookSecret: read.text('STRIPE_WEBHOOK_SECRET'),
    },
  };
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  return Object.freeze(config);
}

/** The environment for a server that this process starts: its own, with some settings changed. */
export function serverEnvironment(settings: Readonly<Record<string, string>>): Env {
  return { ...process.env, ...settings };
}

function reader(env: Env, problems: string[]) {
  const text = (name: string): string | null => env[name]?.trim() || null;
  return {
    text,
    list: (name: string): string[] => (text(name) ?? '').split(',').flatMap((part) => part.trim() || []),
    integer(name: string, fallback: number, range: { min: number; max: number }): number {
      const given = text(name);
      if (given === null) return fallback;
      const value = Number(given);
      if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
      problems.push(`${name} is "${given}"; it takes a whole number from ${range.min} to ${range.max}.`);
      return fallback;
    },
    oneOf<T extends string>(name: string, allowed: readonly T[]): T | null {
      const given = text(name);
      if (given === null) return null;
      const found = allowed.find((value) => value === given);
      if (found === undefined)
        problems.push(`${name} is "${given}"; it takes one of: ${allowed.join(', ')}.`);
      return found ?? null;
    },
    /** The value is never repeated in the message: a database URL holds a password. */
    url(name: string, protocols: readonly string[]): string | null {
      const given = text(name);
      if (given === null) return null;
      if (URL.canParse(given) && protocols.includes(new URL(given).protocol))
        return given.replace(/\/+$/, '');
      problems.push(`${name} is not a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}.`);
      return null;
    },
  };
}

function stripeSettings(read: ReturnType<typeof reader>, problems: string[]): StripeSettings | null {
  const secretKey = read.text('STRIPE_SECRET_KEY');
  if (secretKey === null) return null;
  const required = (name: string): string => {
    const value = read.text(name);
    if (value === null) problems.push(`${name} is needed where STRIPE_SECRET_KEY is set.`);
    return value ?? '';
  };
  return {
    secretKey,
    basePrice: read.text('STRIPE_BASE_PRICE'),
    meteredPrice: required('STRIPE_METERED_PRICE'),
    meter: required('STRIPE_METER'),
    apiUrl: read.url('STRIPE_API_URL', ['http:', 'https:']),
  };
}

function hasTwilio(read: ReturnType<typeof reader>): boolean {
  return read.text('TWILIO_ACCOUNT_SID') !== null && read.text('TWILIO_AUTH_TOKEN') !== null;
}

function dialectHost(entry: string, problems: string[]): Config['dialectHosts'][number][] {
  const match = /^([a-z]+)=([^:=\s]+)(?::(\d{1,5}))?$/.exec(entry);
  if (match) return [{ dialect: match[1]!, host: match[2]!, port: match[3] ? Number(match[3]) : null }];
  problems.push(`DIALECT_HOSTS has "${entry}"; an entry is <dialect>=<host> or <dialect>=<host>:<port>.`);
  return [];
}
