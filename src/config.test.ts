import { describe, expect, it } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

describe('configuration', () => {
  it('has defaults for everything', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://localhost:3000',
      databaseUrl: null,
      tenantApproval: 'manual',
      rateLimitPerMinute: 600,
    });
  });

  it('takes the public URL from the port and drops a slash at its end', () => {
    expect(readConfig({ PORT: '4100' }).publicUrl).toBe('http://localhost:4100');
    expect(readConfig({ PUBLIC_URL: 'https://voice.example.com/' }).publicUrl).toBe(
      'https://voice.example.com',
    );
  });

  it('names every mistake at once and repeats no secret', () => {
    const read = () =>
      readConfig({
        PORT: 'http',
        TENANT_APPROVAL: 'maybe',
        DATABASE_URL: 'mysql://u:hunter2@host/db',
        DIALECT_HOSTS: 'voicex',
      });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/PORT[\s\S]*DATABASE_URL[\s\S]*TENANT_APPROVAL[\s\S]*DIALECT_HOSTS/);
    expect(read).not.toThrow(/hunter2/);
  });

  it('reads dialect hosts with and without a port, and switches the rate limit off', () => {
    const config = readConfig({
      DIALECT_HOSTS: 'voicex=localhost:3001, epoch=voice.example.com',
      RATE_LIMIT: 'off',
    });
    expect(config.dialectHosts).toEqual([
      { dialect: 'voicex', host: 'localhost', port: 3001 },
      { dialect: 'epoch', host: 'voice.example.com', port: null },
    ]);
    expect(config.rateLimitPerMinute).toBeNull();
  });

  it.each([
    [{}, 'sandbox'],
    [{ TWILIO_AUTH_TOKEN: 'token' }, 'sandbox'],
    [{ TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'token' }, 'twilio'],
    [{ TWILIO_ACCOUNT_SID: 'AC1', TWILIO_AUTH_TOKEN: 'token', CARRIER: 'sandbox' }, 'sandbox'],
    [{ CARRIER: 'twilio' }, 'twilio'],
  ])('chooses the carrier by the account there is: %j', (env, carrier) => {
    expect(readConfig(env).carrier).toBe(carrier);
  });

  it('takes an account at Stripe whole or not at all', () => {
    expect(readConfig({ STRIPE_METERED_PRICE: 'price_1' }).stripe).toBeNull();
    const given = { STRIPE_SECRET_KEY: 'sk_test', STRIPE_METERED_PRICE: 'price_1', STRIPE_METER: 'seconds' };
    expect(readConfig({ ...given, STRIPE_API_URL: 'http://127.0.0.1:1/' }).stripe).toEqual({
      secretKey: 'sk_test',
      basePrice: null,
      meteredPrice: 'price_1',
      meter: 'seconds',
      apiUrl: 'http://127.0.0.1:1',
    });
    const half = () => readConfig({ STRIPE_SECRET_KEY: 'sk_test' });
    expect(half).toThrow(/STRIPE_METERED_PRICE is needed[\s\S]*STRIPE_METER is needed/);
    expect(half).not.toThrow(/sk_test/);
  });
});
