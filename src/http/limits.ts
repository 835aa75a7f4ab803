import { createHash } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel/errors';

const WINDOW_MS = 60_000;
/** Failing attempts a minute, for one address and one thing guessed at. */
const FAILED_GUESSES = 10;
/** Attempts of either outcome, so that many at once cannot all begin before the first has failed. */
const GUESSES = 60;
/** Bad credentials a minute from one address, as a share of what a good one may ask. */
const BAD_CREDENTIAL_SHARE = 0.5;
/** Good credentials that are remembered. */
const KNOWN_GOOD = 10_000;

/** Counters of this node. Each rejects with `rate_limited` and the time to wait. */
export interface Limits {
  /** Counts one request of the credential, or of the address without one. */
  countRequest(request: FastifyRequest, credential: string | null): Promise<void>;
  /** Refuses an address that presented too many bad credentials, except for a credential known to be good. */
  checkCredential(request: FastifyRequest, credential: string): Promise<void>;
  /** The credential was found good. */
  trustCredential(credential: string): void;
  /** Counts an attempt at what the route's `guessOf` names, and refuses too many. */
  countGuess(request: FastifyRequest): Promise<void>;
  /** Counts a failure: of the credential presented, and of the guess. */
  countFailure(request: FastifyRequest, presented: boolean): Promise<void>;
}

type Counter = (request: FastifyRequest, options?: { increment?: boolean }) => Promise<Verdict>;
type Verdict =
  | { isAllowed: true }
  | { isAllowed: false; remaining: number; isExceeded: boolean; ttl: number };

/** Makes the counters; `perMinute` null leaves only those against guessing passwords. */
export async function openLimits(app: FastifyInstance, perMinute: number | null): Promise<Limits> {
  await app.register(rateLimit, { global: false });
  const counter = (max: number, keyGenerator: (request: FastifyRequest) => string): Counter =>
    app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator });
  const guess = { begun: counter(GUESSES, guessKey), failed: counter(FAILED_GUESSES, guessKey) };
  const guessing = {
    async countGuess(request: FastifyRequest) {
      refuseWhenExceeded(await guess.begun(request));
      refuseWhenUsedUp(await guess.failed(request, { increment: false }));
    },
    async countFailure(request: FastifyRequest) {
      if (request.routeOptions.config.guessOf) await guess.failed(request);
    },
  };
  return perMinute === null
    ? { ...guessing, async countRequest() {}, async checkCredential() {}, trustCredential() {} }
    : requestLimits(counter, guessing, perMinute);
}

function requestLimits(
  counter: (max: number, keyGenerator: (request: FastifyRequest) => string) => Counter,
  guessing: Pick<Limits, 'countGuess' | 'countFailure'>,
  perMinute: number,
): Limits {
  const keys = new WeakMap<FastifyRequest, string>();
  const requests = counter(perMinute, (request) => keys.get(request) ?? request.ip);
  const badCredentials = counter(Math.max(1, Math.floor(perMinute * BAD_CREDENTIAL_SHARE)), ({ ip }) => ip);
  const good = new Set<string>();
  return {
    async countRequest(request, credential) {
      if (credential !== null) keys.set(request, fingerprint(credential));
      refuseWhenExceeded(await requests(request));
    },
    async checkCredential(request, credential) {
      if (good.has(fingerprint(credential))) return;
      refuseWhenUsedUp(await badCredentials(request, { increment: false }));
    },
    trustCredential(credential) {
      good.add(fingerprint(credential));
      if (good.size > KNOWN_GOOD) for (const oldest of good) return void good.delete(oldest);
    },
    countGuess: guessing.countGuess,
    async countFailure(request, presented) {
      await guessing.countFailure(request, presented);
      if (presented) await badCredentials(request);
    },
  };
}

function guessKey(request: FastifyRequest): string {
  return fingerprint(`${request.ip} ${request.routeOptions.config.guessOf?.(request) ?? ''}`);
}

/** Secrets are kept in counters only as a digest. */
function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function refuseWhenExceeded(verdict: Verdict): void {
  if (!verdict.isAllowed && verdict.isExceeded) throw refusal(verdict.ttl);
}

function refuseWhenUsedUp(verdict: Verdict): void {
  if (!verdict.isAllowed && verdict.remaining === 0) throw refusal(verdict.ttl);
}

function refusal(retryAfterMs: number): DomainError {
  return new DomainError('rate_limited', 'Too many requests. Wait a little and try again.', { retryAfterMs });
}
