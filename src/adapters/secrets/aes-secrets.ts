import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { SealedText, Secrets } from '#core/ports';
import { DomainError } from '#kernel/errors';
import { generatedSecret, keptSecret } from './generated-secret.ts';

interface Key {
  id: string;
  bytes: Uint8Array;
}

const VERSION = 'v1';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const SHORTEST_KEY = 16;
const SECRET_NAME = 'encryption-key';

/**
 * Secrets sealed with AES-256-GCM under the first of `keys`; the others only open what they sealed. A sealed text is
 * `v1.<key id>.<iv, ciphertext and tag in base64url>`, its context is authenticated with it. A key is any text of 16
 * characters or more; what encrypts and what names it are both derived from it (HKDF, RFC 5869), so the id tells nothing.
 */
export function aesSecrets(keys: readonly string[]): Secrets {
  const held = keys.map(deriveKey);
  const newest = held[0];
  if (newest === undefined) throw new Error('an encryption key is needed');
  return {
    keyId: newest.id,
    seal(plain, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest.bytes, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${newest.id}.${body.toString('base64url')}` as SealedText;
    },
    open(sealedText, context) {
      const { keyId, body } = parse(sealedText);
      const key = held.find(({ id }) => id === keyId);
      if (key === undefined) throw unopened(`it was sealed with key ${keyId}, which is not held`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.bytes, body.subarray(0, IV_BYTES), {
          authTagLength: TAG_BYTES,
        })
          .setAAD(Buffer.from(context))
          .setAuthTag(body.subarray(-TAG_BYTES));
        const plain = decipher.update(body.subarray(IV_BYTES, -TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString('utf8');
      } catch {
        throw unopened('it is damaged or belongs to something else');
      }
    },
    keyIdOf: (sealedText) => parse(sealedText).keyId,
  };
}

/**
 * The platform's keys, newest first: those of ENCRYPTION_KEY (several are separated by commas), then the one that was
 * generated into the data folder before there was that setting, so that what it sealed still opens. With no setting
 * the generated one alone, made when missing. Throws when a key is shorter than 16 characters.
 */
export async function encryptionKeys(dataDir: string, configured: string | null): Promise<string[]> {
  if (configured === null) return [await generatedSecret(dataDir, SECRET_NAME)];
  const kept = await keptSecret(dataDir, SECRET_NAME);
  const given = configured.split(',').map((key) => key.trim());
  if (given.some((key) => key.length < SHORTEST_KEY)) {
    throw new DomainError('invalid', 'ENCRYPTION_KEY has a key shorter than 16 characters.', {
      field: 'ENCRYPTION_KEY',
    });
  }
  return kept === null ? given : [...given, kept];
}

function deriveKey(text: string): Key {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync('sha256', text, '', `patchbay secrets ${purpose}`, length));
  return { id: derive('id', 6).toString('hex'), bytes: derive('key', 32) };
}

function parse(sealedText: string): { keyId: string; body: Buffer } {
  const [version, keyId, text, ...rest] = sealedText.split('.');
  const body = Buffer.from(text ?? '', 'base64url');
  const isWhole = body.length >= IV_BYTES + TAG_BYTES && body.toString('base64url') === text;
  if (version !== VERSION || !keyId || rest.length > 0 || !isWhole) {
    throw unopened('it is no sealed text');
  }
  return { keyId, body };
}

function unopened(why: string): DomainError {
  return new DomainError('internal', 'Something went wrong on our side.', {
    internal: `a stored secret cannot be opened: ${why}`,
  });
}
