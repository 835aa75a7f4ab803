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
});
