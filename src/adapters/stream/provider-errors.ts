import { ProviderError } from '#engine/ports';
import { DomainError } from '#kernel/errors';

/**
 * What a vendor's HTTP status means to a call. Vendors' own messages can quote the request with its key, so only the
 * status and our words are kept. `retryAfter` is the header of that name, in seconds.
 */
export function statusError(name: string, status: number, retryAfter?: string | null): ProviderError {
  if (status === 401 || status === 403)
    return new ProviderError(name, 'refused', `${name} refused the key (${status})`);
  if (status === 429) {
    const seconds = Number(retryAfter ?? Number.NaN);
    const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
    return new ProviderError(name, 'rate_limited', `${name} limits its rate (429)`, retryAfterMs);
  }
  if (status >= 400 && status < 500)
    return new ProviderError(name, 'invalid', `${name} refused the request (${status})`);
  return new ProviderError(name, 'unavailable', `${name} failed (${status})`);
}

/** Whatever was thrown on the way to a vendor, without its words. */
export function connectionError(name: string, thrown: unknown): ProviderError {
  if (thrown instanceof ProviderError) return thrown;
  if (thrown instanceof DomainError && thrown.code === 'invalid')
    return new ProviderError(name, 'invalid', `${name}: ${thrown.publicMessage}`);
  return new ProviderError(name, 'unavailable', `${name} cannot be reached or broke off`);
}

/** What a closed socket means: a close before any answer is an outage, a policy close is a refusal. */
export function closeError(name: string, code: number): ProviderError {
  if (code === 1008 || code === 4001)
    return new ProviderError(name, 'refused', `${name} refused the session (${code})`);
  return new ProviderError(name, 'closed', `${name} closed the connection (${code})`);
}
