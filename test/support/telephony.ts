import type { Carrier, CarrierAccount, DialOrder } from '#core/ports';
import type { ServiceDeps } from '#core/services';
import { DomainError } from '#kernel/errors';
import type { CallId } from '#kernel/ids';

/** Telephony without a telephone: notes what the carrier is asked for, and fails when told to. */
export interface TestTelephony {
  readonly deps: ServiceDeps['telephony'];
  readonly dialed: DialOrder[];
  readonly hungUp: { account: CarrierAccount | null; ref: string }[];
  /** Calls that run here; hanging one up takes it out. */
  readonly live: Set<CallId>;
  /** What the next dialing fails with. */
  failure: DomainError | null;
  /** Runs while the carrier takes an order. */
  meanwhile: (order: DialOrder) => Promise<void>;
}

export function testTelephony(): TestTelephony {
  const telephony: TestTelephony = {
    dialed: [],
    hungUp: [],
    live: new Set(),
    failure: null,
    meanwhile: async () => {},
    deps: {
      carrier: carrierOf(() => telephony),
      signatures: {
        // A request is signed with the very token, so that tests can say whose it is.
        verify: (request, authToken) =>
          authToken === undefined || request.headers['x-twilio-signature'] === authToken,
      },
      live: { hangUp: (_tenantId, callId) => telephony.live.delete(callId) },
      nodeId: 'test-node',
    },
  };
  return telephony;
}

function carrierOf(telephony: () => TestTelephony): Carrier {
  let count = 0;
  return {
    name: 'test',
    async dial(order) {
      const { failure, dialed, meanwhile } = telephony();
      dialed.push(order);
      await meanwhile(order);
      telephony().failure = null;
      if (failure instanceof DomainError) throw failure;
      return { ref: `CA${String(++count).padStart(32, '0')}`, status: 'queued' };
    },
    hangUp: async (call) => void telephony().hungUp.push(call),
  };
}
