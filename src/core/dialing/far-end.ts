import type { Call } from '#core/calls/call';
import type { Dial } from '#core/dialing/dial';
import { notFound } from '#core/fields';
import { secretHash } from '#core/keys/secret';
import type {
  Carrier,
  CarrierAccount,
  CarrierSignatures,
  DialOrder,
  SealedText,
  Secrets,
  SignedRequest,
} from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import { DomainError, toDomainError } from '#kernel/errors';
import type { CallId, TenantId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import { makeScope } from '#kernel/scope';

export interface FarEndDeps {
  readonly uow: UnitOfWork;
  readonly log: Log;
  readonly secrets: Secrets;
  readonly carrier: Carrier;
  readonly signatures: CarrierSignatures;
  /** Start of the addresses that the carrier asks, without a slash at its end. */
  readonly publicUrl: string;
}

/** How long the carrier may take to take an order, or to hang up. */
const CARRIER_MS = 15_000;

/** The paths that the carrier asks for one call, below the public URL. */
export const dialPaths = (token: string) => ({
  answer: `/webhooks/twilio/${token}/voice`,
  status: `/webhooks/twilio/${token}/status`,
  after: `/webhooks/twilio/${token}/after`,
  media: `/media/twilio/${token}`,
});

const sealedFor = (callId: CallId) => `dial:${callId}`;

/** The carrier, as it is spoken with about a tenant's calls: each on the account that it was dialed on. */
export class FarEnd {
  readonly #deps: FarEndDeps;

  constructor(deps: FarEndDeps) {
    this.#deps = deps;
  }

  sealed(callId: CallId, account: CarrierAccount | null): SealedText | null {
    return account && this.#deps.secrets.seal(JSON.stringify(account), sealedFor(callId));
  }

  /** Throws DomainError. A carrier that did not answer may have taken the order: it is turned down when it asks. */
  async dial(
    order: Pick<DialOrder, 'account' | 'to' | 'from' | 'timeoutSec' | 'machineDetection'>,
    token: string,
  ): Promise<{ ref: string; status: string }> {
    const { carrier, publicUrl } = this.#deps;
    const { account, to, from, timeoutSec, machineDetection } = order;
    const paths = dialPaths(token);
    const urls = { answerUrl: publicUrl + paths.answer, statusUrl: publicUrl + paths.status };
    const facts = { account, to, from, timeoutSec, machineDetection, ...urls };
    return answerOf(carrier.dial(facts, AbortSignal.timeout(CARRIER_MS)));
  }

  async hangUp(call: Call): Promise<void> {
    if (call.carrierRef === null) return;
    const { carrier, uow } = this.#deps;
    const dial = await uow.read(ofTenant(call.tenantId), (repos) => repos.dials.find(call.id));
    const account = dial && this.#accountOf(dial);
    await answerOf(carrier.hangUp({ account, ref: call.carrierRef }, AbortSignal.timeout(CARRIER_MS)));
  }

  /** Where the call ends for us whatever the carrier makes of it. */
  async hangUpQuietly(call: Call): Promise<void> {
    await this.hangUp(call).catch((error: unknown) =>
      this.#deps.log.warn({ err: error, callId: call.id }, 'call not hung up at the carrier'),
    );
  }

  /** The call that a request with this token is about. Throws `not_found`. */
  async find(token: string): Promise<Dial> {
    const dial = await this.#deps.uow.system.read((repos) => repos.dials.findByToken(secretHash(token)));
    if (!dial) throw notFound('Call');
    return dial;
  }

  /** Throws `not_found`, and `forbidden` for a request that the call's carrier has not signed. */
  async genuine(token: string, request: SignedRequest): Promise<Dial> {
    const dial = await this.find(token);
    if (this.isSigned(dial, request)) return dial;
    throw new DomainError('forbidden', 'The signature of the request is missing or wrong.');
  }

  isSigned(dial: Dial, request: SignedRequest): boolean {
    return this.#deps.signatures.verify(request, this.#accountOf(dial)?.authToken);
  }

  #accountOf({ account, callId }: Dial): CarrierAccount | null {
    if (account === null) return null;
    return JSON.parse(this.#deps.secrets.open(account, sealedFor(callId))) as CarrierAccount;
  }
}

/** A call's own tenant, as the platform acts in it. */
export const ofTenant = (tenantId: TenantId) => makeScope(tenantId, { kind: 'system' }, 'owner');

async function answerOf<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (thrown) {
    const isSilence = thrown instanceof Error && ['AbortError', 'TimeoutError'].includes(thrown.name);
    if (isSilence) throw new DomainError('upstream', 'The carrier did not answer in time.');
    throw toDomainError(thrown);
  }
}
