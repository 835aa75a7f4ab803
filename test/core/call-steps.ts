import type { AdmissionRequest } from '#core/calls/admission';
import type { CallOrder } from '#core/calls/order';
import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import type { Platform } from '#test/core/platform';

export const NODE = { nodeId: 'node-1', carrierRef: null };

/** What the carrier's webhook says of a call. */
export const inbound = (over: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  type: 'phone',
  direction: 'inbound',
  from: '+15559876543',
  to: '+15551234567',
  carrierRef: 'CA00000000000000000000000000000001',
  ...over,
});

/** The steps of a call up to its beginning. */
export function callSteps(platform: () => Platform) {
  const order = async (scope: Scope, over: Partial<AdmissionRequest> = {}): Promise<CallOrder> => {
    const { admission } = platform();
    return admission.redeem((await admission.admit(scope, inbound(over))).token);
  };
  return {
    order,
    async begin(scope: Scope, nodeId = NODE.nodeId): Promise<CallId> {
      const node = { nodeId, carrierRef: null };
      return (await platform().lifecycle.begin(await order(scope), node)).id;
    },
  };
}
