import { jwtVerify, SignJWT } from 'jose';
import type { TokenSigner } from '#core/ports';
import type { Clock } from '#kernel/clock';
import type { JsonObject } from '#kernel/json';

export interface JwtOptions {
  secret: string;
  /** Told in each token, and asked for when one is checked. */
  issuer: string;
  clock: Clock;
}

const ALGORITHM = 'HS256';

/** JWTs signed with HS256 (RFC 7515, RFC 7519), each with its issuer, its time of issue and its end. */
export function jwtSigner({ secret, issuer, clock }: JwtOptions): TokenSigner {
  const key = new TextEncoder().encode(secret);
  const nowSec = () => Math.floor(clock.nowMs() / 1000);
  return {
    sign: (claims, ttlSec) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT' })
        .setIssuer(issuer)
        .setIssuedAt(nowSec())
        .setExpirationTime(nowSec() + ttlSec)
        .sign(key),
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer,
          requiredClaims: ['exp', 'iat'],
          currentDate: new Date(clock.nowMs()),
        });
        return payload as JsonObject;
      } catch {
        return null;
      }
    },
  };
}
