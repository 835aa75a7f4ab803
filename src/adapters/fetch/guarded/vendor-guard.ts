import type { LookupFunction } from 'node:net';
import { DomainError } from '#kernel/errors';
import { type Door, ForbiddenAddress } from './door.ts';

/** The guard in the forms that SDKs and sockets take. What it refuses is thrown as `invalid`. */
export interface VendorGuard {
  /** As the global `fetch`, except that a redirect fails: what a vendor's API is asked with is not for others. */
  fetch: typeof globalThis.fetch;
  /** How a socket looks up the name of this `ws:` or `wss:` address; an empty object where it is not judged. */
  socket(url: string): { lookup?: LookupFunction };
}

export function vendorGuard(door: Door): VendorGuard {
  return {
    async fetch(input, init) {
      const url = door.check(input instanceof Request ? input.url : String(input));
      try {
        return await fetch(input, { ...init, redirect: 'error', ...dispatchedBy(door, url) });
      } catch (error) {
        throw error instanceof Error && error.cause instanceof ForbiddenAddress ? notPublic() : error;
      }
    },
    socket(url) {
      const lookup = door.lookup(door.check(url.replace(/^ws/, 'http')));
      return lookup ? { lookup: inOurWords(lookup) } : {};
    },
  };
}

const notPublic = () => new DomainError('invalid', 'The address must be public.');

const inOurWords =
  (lookup: LookupFunction): LookupFunction =>
  (hostname, options, done) =>
    lookup(hostname, options, (error, ...found) =>
      done(error instanceof ForbiddenAddress ? notPublic() : error, ...found),
    );

/** The runtime's `fetch` takes a dispatcher of the package it is built from; its types don't know. */
function dispatchedBy(door: Door, url: URL): RequestInit {
  return { dispatcher: door.agent(url) } as RequestInit;
}
