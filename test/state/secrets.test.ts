import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { argon2Hasher } from '#adapters/identity/argon2';
import { jwtSigner } from '#adapters/identity/jwt';
import { aesSecrets, encryptionKeys } from '#adapters/secrets/aes-secrets';
import { generatedSecret, secretFile } from '#adapters/secrets/generated-secret';
import type { SealedText } from '#core/ports';
import type { Clock } from '#kernel/clock';

const OLD = 'an old key of some length';
const NEW = 'a new key of some length';
let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'patchbay-secrets-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

describe('sealed secrets', () => {
  it('open to what was sealed, whatever it was, and never seal the same way twice', () => {
    const secrets = aesSecrets([NEW]);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (plain, context) => {
        const sealed = secrets.seal(plain, context);
        expect(secrets.open(sealed, context)).toBe(plain);
        expect(secrets.seal(plain, context)).not.toBe(sealed);
      }),
      { numRuns: 50 },
    );
  });

  it('stay shut under another context, another key, or when a single character was changed', () => {
    const secrets = aesSecrets([NEW]);
    const sealed = secrets.seal('sk-secret', 'provider:prov_1');
    const refused = { code: 'internal', message: expect.not.stringContaining('sk-secret') };
    const opening = (text: string, context: string, keys = [NEW]) => {
      try {
        return aesSecrets(keys).open(text as SealedText, context);
      } catch (error) {
        return error;
      }
    };
    expect(opening(sealed, 'provider:prov_2')).toMatchObject(refused);
    expect(opening(sealed, 'provider:prov_1', [OLD])).toMatchObject(refused);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      expect(opening(changed, 'provider:prov_1'), `character ${at}`).not.toBe('sk-secret');
    }
    for (const garbled of ['', 'v1', 'v1..', `v1.${secrets.keyId}.`, 'sk-secret', `${sealed}.x`]) {
      expect(opening(garbled, 'provider:prov_1')).toMatchObject(refused);
    }
  });

  it('are sealed by the newest key and opened by any, so keys can be rotated', () => {
    const before = aesSecrets([OLD]);
    const sealed = before.seal('kept', 'x');
    const during = aesSecrets([NEW, OLD]);
    expect(during.open(sealed, 'x')).toBe('kept');
    expect(during.keyIdOf(sealed)).not.toBe(during.keyId);
    const again = during.seal(during.open(sealed, 'x'), 'x');
    expect(during.keyIdOf(again)).toBe(during.keyId);
    expect(aesSecrets([NEW]).open(again, 'x')).toBe('kept');
  });

  it('still open when ENCRYPTION_KEY is set on a server that had a key of its own', async () => {
    const own = aesSecrets(await encryptionKeys(dataDir, null));
    const sealed = own.seal('kept', 'x');
    const set = aesSecrets(await encryptionKeys(dataDir, `${NEW}, ${OLD}`));
    expect(set.keyId).toBe(aesSecrets([NEW]).keyId);
    expect(set.open(sealed, 'x')).toBe('kept');
    await expect(encryptionKeys(dataDir, `${NEW},short`)).rejects.toThrow(/shorter than 16/);
  });
});

describe('generated secrets', () => {
  it('are made once, kept for the owner alone, and the same for all who ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => generatedSecret(dataDir, 'jwt-secret')),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^[\w-]{43}$/);
    expect(await generatedSecret(dataDir, 'jwt-secret')).toBe(answers[0]);
    expect(await generatedSecret(dataDir, 'cron-secret')).not.toBe(answers[0]);
    expect((await stat(secretFile(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'secrets'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(dataDir, 'secrets'))).toEqual(['cron-secret', 'jwt-secret']);
  });

  it('are closed again when somebody opened the file to others', async () => {
    const secret = await generatedSecret(dataDir, 'jwt-secret');
    await chmod(secretFile(dataDir, 'jwt-secret'), 0o644);
    expect(await generatedSecret(dataDir, 'jwt-secret')).toBe(secret);
    expect((await stat(secretFile(dataDir, 'jwt-secret'))).mode & 0o777).toBe(0o600);
  });

  it('are never silently replaced, and names lead nowhere else', async () => {
    await generatedSecret(dataDir, 'encryption-key');
    await writeFile(secretFile(dataDir, 'encryption-key'), '');
    await expect(generatedSecret(dataDir, 'encryption-key')).rejects.toThrow(/is empty.*backup/);
    expect(await readFile(secretFile(dataDir, 'encryption-key'), 'utf8')).toBe('');
    await expect(generatedSecret(dataDir, '../escape')).rejects.toThrow(/not a secret's name/);
  });
});

describe('passwords', () => {
  it("are argon2id with OWASP's parameters, salted", async () => {
    const hash = await argon2Hasher.hash('correct horse');
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await argon2Hasher.hash('correct horse')).not.toBe(hash);
    expect(await argon2Hasher.verify(hash, 'correct horse')).toBe(true);
    expect(await argon2Hasher.verify(hash, 'correct horsE')).toBe(false);
    for (const unknown of ['', 'plain', '$argon2id$', '$2b$10$abcdefghijklmnopqrstuv']) {
      expect(await argon2Hasher.verify(unknown, 'correct horse')).toBe(false);
    }
  });
});

describe('tokens', () => {
  const clockAt = (nowMs: number): Clock => ({ nowMs: () => nowMs, after: () => () => undefined });
  const secret = 'a secret of at least thirty-two bytes';
  const at = 1_700_000_000_000;
  const signer = jwtSigner({ secret, issuer: 'patchbay', clock: clockAt(at) });

  it('carry their claims until they expire', async () => {
    const token = await signer.sign({ sub: 'usr_1', version: 3 }, 60);
    expect(await signer.verify(token)).toEqual({
      sub: 'usr_1',
      version: 3,
      iss: 'patchbay',
      iat: at / 1000,
      exp: at / 1000 + 60,
    });
    const later = (sec: number) =>
      jwtSigner({ secret, issuer: 'patchbay', clock: clockAt(at + sec * 1000) }).verify(token);
    expect(await later(59)).not.toBeNull();
    expect(await later(60)).toBeNull();
  });

  it('are refused when foreign, unsigned, changed or garbled', async () => {
    const token = await signer.sign({ sub: 'usr_1' }, 60);
    const [head, body, signature] = token.split('.') as [string, string, string];
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const other = { secret: `${secret}!`, issuer: 'patchbay', clock: clockAt(at) };
    const claims = { sub: 'usr_2', iss: 'patchbay', iat: at / 1000, exp: at / 1000 + 60 };
    for (const bad of [
      await jwtSigner(other).sign({ sub: 'usr_1' }, 60),
      await jwtSigner({ ...other, secret, issuer: 'elsewhere' }).sign({ sub: 'usr_1' }, 60),
      `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
      `${head}.${encode(claims)}.${signature}`,
      `${head}.${body}`,
      'x.y.z',
      '',
    ]) {
      expect(await signer.verify(bad)).toBeNull();
    }
  });
});
