import { createHash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel/errors';

const WINDOW_MS = 60_000;
/** Failing attempts a minute, for one address and one thing guessed at. */
const SIGN_IN_FAILURES = 10;
/** Bad credentials a minute from one address, as a share of what a good one may ask. */
const BAD_CREDENTIAL_SHARE = 0.5;

/** Counters of this node. Each rejects with `rate_limited` and the time to wait. */
export interface Limits {
  /** Counts one request of the credential, or of the address without one. */
  countRequest(request: FastifyRequest, credential: string | null): Promise<void>;
  /** Refuses an address that presented too many bad credentials. */
  checkCredential(request: FastifyRequest): Promise<void>;
  /** Refuses too many failed attempts at what the route's `guessOf` names. */
  checkGuess(request: FastifyRequest): Promise<void>;
  /** Counts a failure against both of the above. */
  countFailure(request: FastifyRequest, presented: boolean): Promise<void>;
}

type Counter = (request: FastifyRequest, options?: { increment?: boolean }) => Promise<Verdict>;
type Verdict =
  | { isAllowed: true }
  | { isAllowed: false; remaining: number; isExceeded: boolean; ttl: number };

/** Makes the counters; `perMinute` null leaves only those against guessing passwords. */
export async function openLimits(app: FastifyInstance, perMinute: number | null): Promise<Limits> {
  await app.register(rateLimit, { global: false });
  const keys = new WeakMap<FastifyRequest, string>();
  const counter = (max: number, keyGenerator: (request: FastifyRequest) => string): Counter =>
    app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator });
  const requests = perMinute === null ? null : counter(perMinute, (request) => keys.get(request)!);
  const badCredentials =
    perMinute === null
      ? null
      : counter(Math.max(1, Math.floor(perMinute * BAD_CREDENTIAL_SHARE)), (request) => request.ip);
  const guesses = counter(SIGN_IN_FAILURES, (request) => {
    const guessed = request.routeOptions.config.guessOf?.(request) ?? '';
    return fingerprint(`${request.ip} ${guessed}`);
  });
  return {
    async countRequest(request, credential) {
      if (!requests) return;
      keys.set(request, credential === null ? `ip ${request.ip}` : fingerprint(credential));
      const verdict = await requests(request);
      if (!verdict.isAllowed && verdict.isExceeded) throw refusal(verdict.ttl);
    },
    async checkCredential(request) {
      if (badCredentials) refuseWhenUsedUp(await badCredentials(request, { increment: false }));
    },
    async checkGuess(request) {
      refuseWhenUsedUp(await guesses(request, { increment: false }));
    },
    async countFailure(request, presented) {
      if (request.routeOptions.config.guessOf) await guesses(request);
      if (presented) await badCredentials?.(request);
    },
  };
}

/** Secrets are kept in counters only as a digest. */
function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function refuseWhenUsedUp(verdict: Verdict): void {
  if (!verdict.isAllowed && verdict.remaining === 0) throw refusal(verdict.ttl);
}

function refusal(retryAfterMs: number): DomainError {
  return new DomainError('rate_limited', 'Too many requests. Wait a little and try again.', { retryAfterMs });
}
