import { hash, type Options, verify } from '@node-rs/argon2';
import type { PasswordHasher } from '#core/ports';

/**
 * Argon2id with the parameters of OWASP's Password Storage Cheat Sheet (19 MiB, 2 passes, 1 lane); the library's
 * default variant is argon2id. Runs off the event loop.
 */
const PARAMETERS: Options = { memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 };

/** Passwords stored as argon2id in PHC form; `verify` reads the parameters from the hash, so they may grow later. */
export const argon2Hasher: PasswordHasher = {
  hash: (password) => hash(password, PARAMETERS),
  async verify(hashed, password) {
    if (!hashed.startsWith('$argon2id$')) return false;
    try {
      return await verify(hashed, password);
    } catch {
      return false;
    }
  },
};
