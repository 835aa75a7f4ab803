/** Addresses of the tenant's backend that are told of one call. */
export interface Callbacks {
  /** Asked at the start what the assistant should be. */
  readonly startUrl: string | null;
  readonly endUrl: string | null;
  readonly errorUrl: string | null;
}

export const NO_CALLBACKS: Callbacks = { startUrl: null, endUrl: null, errorUrl: null };
