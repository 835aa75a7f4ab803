import type { LookupFunction } from 'node:net';

/** A way to vendors at addresses that tenants name: what may not be reached throws a DomainError `invalid`. */
export interface VendorReach {
  fetch: typeof globalThis.fetch;
  /** What a socket to this `ws:` or `wss:` address looks its name up with. */
  socket(url: string): { lookup?: LookupFunction };
}

/** How a speech vendor is reached. */
export interface SpeechAccess {
  apiKey: string;
  /** The vendor's model where voice and model are two things; the vendor's own default when left out. */
  model?: string;
  /** Overrides the vendor's public address; without a slash at its end. `http` and `ws` URLs are taken too. */
  baseUrl?: string;
  /** Longest silence of the vendor before it counts as stalled; 5 s when left out. */
  stallMs?: number;
  /** The runtime's own way, to wherever it is, when left out. */
  reach?: VendorReach;
}
