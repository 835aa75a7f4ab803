import type { Callbacks } from '#core/callbacks/callbacks';
import { checkCallbacks } from '#core/callbacks/check-callbacks';
import type { MachineDetection } from '#core/dialing/dial';
import { e164Field, invalid, objectField, wholeField, wordField } from '#core/fields';
import type { CarrierAccount, OutboundHttp } from '#core/ports';
import { variablesField } from '#core/variables';
import type { JsonObject } from '#kernel/json';

/** A call that a tenant wants made. */
export interface OutboundOrder {
  /** E.164. */
  readonly to: string;
  /** A number of the tenant's. */
  readonly from: string;
  readonly callbacks: Callbacks;
  readonly metadata: JsonObject;
  /** The tenant's own account at the carrier; null is the platform's. */
  readonly account: CarrierAccount | null;
  readonly machineDetection: MachineDetection | null;
  /** How long it rings: 5 to 120 s. */
  readonly timeoutSec: number;
  /** Who speaks, where neither the number nor the backend decides. */
  readonly assistantId?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** The idempotency key of the request: an order that was taken before its server went down is not dialed again. */
  readonly orderKey?: string | undefined;
}

const DETECTIONS: readonly MachineDetection[] = ['Enable', 'DetectMessageEnd'];

/** The order as it is carried out. Throws `invalid` with `field`. */
export function checkedOrder(
  order: OutboundOrder,
  urls: OutboundHttp,
): Required<Omit<OutboundOrder, 'assistantId' | 'orderKey'>> {
  const { machineDetection } = order;
  return {
    to: e164Field(order.to, 'to'),
    from: e164Field(order.from, 'from'),
    callbacks: checkCallbacks(urls, order.callbacks),
    metadata: objectField(order.metadata, 'metadata', 16_384),
    account: order.account === null ? null : accountField(order.account),
    machineDetection:
      machineDetection === null ? null : wordField(machineDetection, 'machineDetection', DETECTIONS),
    timeoutSec: wholeField(order.timeoutSec, 'timeoutSec', { min: 5, max: 120 }),
    variables: variablesField(order.variables ?? {}, 'variables'),
  };
}

/** What is wrong is told without the value: it may be a secret in the wrong place. */
function accountField({ accountSid, authToken }: CarrierAccount): CarrierAccount {
  if (typeof accountSid !== 'string' || !/^AC[\w.-]{1,62}$/.test(accountSid))
    throw invalid('account.accountSid', 'The account SID must be one of the carrier, such as AC….');
  if (typeof authToken !== 'string' || !/^[\x21-\x7e]{1,256}$/.test(authToken))
    throw invalid('account.authToken', 'The auth token must be the one of the account.');
  return { accountSid, authToken };
}
