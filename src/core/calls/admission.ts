import { randomBytes } from 'node:crypto';
import type { Assistant, AssistantView } from '#core/assistants/assistant';
import { type Circumstances, circumstances, viewOf } from '#core/assistants/status';
import { applyBrief, type CallBrief, openBrief } from '#core/callbacks/brief';
import { type Callbacks, NO_CALLBACKS } from '#core/callbacks/callbacks';
import type { CallDirection, CallType } from '#core/calls/call';
import { endMissed } from '#core/calls/ending';
import type { CallOrder, StreamTicket } from '#core/calls/order';
import { notFound } from '#core/fields';
import { secretHash } from '#core/keys/secret';
import type { ModelCategory } from '#core/plans/plan';
import type { SealedText, Secrets } from '#core/ports';
import { openCredentials } from '#core/providers/credentials';
import { embeddedModel } from '#core/providers/embedded';
import type { OpenedProvider } from '#core/providers/provider';
import { requireActive } from '#core/tenants/tenant';
import type { Repos, Tx, UnitOfWork } from '#core/uow';
import { variablesField } from '#core/variables';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { type AssistantId, type CallId, isId, newId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Scope } from '#kernel/scope';

export interface AdmissionRequest {
  readonly type: CallType;
  readonly direction: CallDirection;
  /** The caller's number, or what stands for it (`web`). */
  readonly from: string;
  readonly to: string;
  readonly carrierRef: string | null;
  /** Asked for by the webhook's query or the visitor's page; used where no number mapping decides. */
  readonly assistantId?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** The call's id where it has one already, because its backend was asked or it was dialed. */
  readonly callId?: CallId;
  /** Who is told of the call; nobody when left out. */
  readonly callbacks?: Callbacks;
  readonly metadata?: JsonObject;
  /** What the tenant's backend asked for, as `callbacks.ask` sealed it for this `callId`. */
  readonly brief?: SealedText | null;
  /** Whether a machine answered that the brief's message is to be left on. */
  readonly voicemail?: boolean;
}

export interface Admitted {
  readonly callId: CallId;
  /** Opens one media socket, once, within 60 s. */
  readonly token: string;
  readonly assistantId: AssistantId;
  readonly expiresAt: Date;
}

/** Who may have a call, and who answers it. */
export interface Admission {
  /**
   * The assistant that the brief names, else the one mapped to the tenant's own number of the two, else the one asked
   * for, else the tenant's newest active one, else its default.
   * Throws `forbidden` or `payment_required` (tenant not active), `quota` (calls at once, minutes of the month),
   * `not_found` (assistant asked for), `precondition` (the one chosen is paused).
   */
  admit(scope: Scope, request: AdmissionRequest): Promise<Admitted>;
  /**
   * Takes the ticket and opens all that the call needs. Of two at once exactly one succeeds. Throws `unauthenticated`
   * (unknown, used, expired), `precondition` (the assistant or its tenant is out of use meanwhile).
   */
  redeem(token: string): Promise<CallOrder>;
  /**
   * Deletes tickets that expired unused; how many. A call whose backend has been asked about it is stored as failed, so
   * that its backend is told.
   */
  sweep(): Promise<number>;
}

export interface AdmissionDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

const TICKET_MS = 60_000;

export function makeAdmission(deps: AdmissionDeps): Admission {
  return new AdmissionService(deps);
}

class AdmissionService implements Admission {
  readonly #deps: AdmissionDeps;

  constructor(deps: AdmissionDeps) {
    this.#deps = deps;
  }

  async admit(scope: Scope, request: AdmissionRequest): Promise<Admitted> {
    const variables = variablesField(request.variables ?? {}, 'variables');
    const token = randomBytes(32).toString('base64url');
    const nowMs = this.#deps.clock.nowMs();
    return this.#deps.uow.write(scope, async (tx) => {
      const around = await circumstances(tx, nowMs);
      requireActive(around.tenant);
      // A call of ours took its place when it was ordered.
      if (request.direction === 'inbound') await requireRoom(tx, around);
      const callId = request.callId ?? newId('call');
      const brief = openBrief(this.#deps.secrets, callId, request.brief ?? null);
      const assistant = await answering(tx, { ...request, brief }, around);
      const ticket: StreamTicket = {
        callId,
        tenantId: scope.tenantId,
        assistantId: assistant.id,
        type: request.type,
        direction: request.direction,
        from: plain(request.from),
        to: plain(request.to),
        carrierRef: request.carrierRef === null ? null : plain(request.carrierRef),
        variables,
        callbacks: request.callbacks ?? NO_CALLBACKS,
        metadata: request.metadata ?? {},
        brief: request.brief ?? null,
        voicemail: request.voicemail ?? false,
        expiresAt: new Date(nowMs + TICKET_MS),
      };
      await tx.calls.addTicket(ticket, secretHash(token));
      const { assistantId, expiresAt } = ticket;
      return { callId, token, assistantId, expiresAt };
    });
  }

  async redeem(token: string): Promise<CallOrder> {
    const nowMs = this.#deps.clock.nowMs();
    return this.#deps.uow.system.write(async (tx) => {
      const ticket = await tx.calls.takeTicket(secretHash(token), new Date(nowMs));
      if (!ticket) {
        throw new DomainError('unauthenticated', 'The stream token is unknown, used or expired.');
      }
      const repos = tx.forTenant(ticket.tenantId);
      const around = await circumstances(repos, nowMs);
      const stored = await repos.assistants.find(ticket.assistantId);
      if (!stored) throw new DomainError('precondition', 'The agent does not exist any more.');
      const brief = openBrief(this.#deps.secrets, ticket.callId, ticket.brief);
      const assistant = applyBrief(stored, brief);
      const view = requireUsable(viewOf(assistant, around));
      return this.#order(repos, { ticket, view, assistant, brief }, around);
    });
  }

  sweep(): Promise<number> {
    const now = new Date(this.#deps.clock.nowMs());
    return this.#deps.uow.system.write(async (system) => {
      const expired = await system.calls.takeExpiredTickets(now);
      for (const ticket of expired) {
        if (ticket.callbacks.startUrl !== null)
          await endUnopened(system.forTenant(ticket.tenantId), ticket, now);
      }
      return expired.length;
    });
  }

  async #order(
    repos: Repos,
    { ticket, view, assistant, brief }: Redeemed,
    around: Circumstances,
  ): Promise<CallOrder> {
    const { tenant, minutesLeft } = around;
    const { expiresAt: _, brief: __, voicemail, ...facts } = ticket;
    const longestMs = view.effectiveMaxCallDurationSec * 1_000;
    return {
      ...facts,
      tenantName: tenant.named ? tenant.name : '',
      timezone: assistant.timezone ?? tenant.timezone,
      assistant,
      variables: { ...assistant.variables, ...ticket.variables, ...brief.variables },
      metadata: { ...ticket.metadata, ...brief.metadata },
      voicemailMessage: voicemail ? (brief.voicemailMessage ?? null) : null,
      maxDurationMs: minutesLeft === null ? longestMs : Math.min(longestMs, Math.ceil(minutesLeft * 60_000)),
      providers: {
        stt: await this.#opened(repos, { assistant, category: 'stt' }, around),
        llm: await this.#opened(repos, { assistant, category: 'llm' }, around),
        tts: await this.#opened(repos, { assistant, category: 'tts' }, around),
      },
    };
  }

  /** The embedded models speak English only, so that they stand in on English calls only. */
  async #opened(
    repos: Repos,
    { assistant, category }: { assistant: Assistant; category: ModelCategory },
    { providers }: Circumstances,
  ): Promise<OpenedProvider[]> {
    const chosen = assistant[category];
    const standIn = embeddedModel(category);
    const refs = [chosen];
    const isEnglish = /^en\b/i.test(assistant.persona.language);
    if (isEnglish && standIn.providerId !== chosen.providerId) refs.push(standIn);
    const opened: OpenedProvider[] = [];
    for (const { providerId, modelId } of refs) {
      const provider = providers.get(providerId);
      if (!provider?.active) continue;
      const sealed = await repos.providers.credentialsOf(provider.id);
      const { id, source, providerKey, name, settings } = provider;
      const credentials = openCredentials(this.#deps.secrets, id, sealed);
      opened.push({ id, source, category, providerKey, name, modelId, credentials, settings });
    }
    return opened;
  }
}

/** What a ticket opens; the brief is laid over the assistant and the view already. */
interface Redeemed {
  ticket: StreamTicket;
  view: AssistantView;
  assistant: Assistant;
  brief: CallBrief;
}

/** Throws `quota` where the tenant has no minutes left, or as many calls as it may have at once. */
export async function requireRoom(repos: Repos, { plan, minutesLeft }: Circumstances): Promise<void> {
  if (minutesLeft === 0) {
    throw new DomainError('quota', 'The minutes of this month are used up.');
  }
  if ((await repos.calls.countActive()) >= plan.limits.maxConcurrentCalls) throw tooManyCalls(plan.limits);
}

/** Refuses a call beyond those the plan has room for at once. */
export function tooManyCalls({ maxConcurrentCalls }: { maxConcurrentCalls: number }): DomainError {
  return new DomainError('quota', `Your plan has room for ${maxConcurrentCalls} calls at once.`);
}

/** The assistant that answers, as the brief wants it: the order is the one of `Admission.admit`, as are the errors. */
export async function answering(
  repos: Repos,
  request: Pick<AdmissionRequest, 'direction' | 'from' | 'to' | 'assistantId'> & { brief?: CallBrief },
  around: Circumstances,
): Promise<AssistantView> {
  const { assistantId, brief = {} } = request;
  const seen = (assistant: Assistant) => viewOf(applyBrief(assistant, brief), around);
  const ours = request.direction === 'inbound' ? request.to : request.from;
  const number = await repos.numbers.findByE164(plain(ours));
  for (const id of [brief.assistantId, number?.assistantId]) {
    const chosen = id ? await repos.assistants.find(id) : null;
    if (chosen) return requireUsable(seen(chosen));
  }
  if (assistantId !== undefined) {
    const asked = isId('asst', assistantId) ? await repos.assistants.find(assistantId) : null;
    if (!asked) throw notFound('Agent');
    return requireUsable(seen(asked));
  }
  const newest = (await repos.assistants.listOn()).map(seen).find(({ status }) => status === 'active');
  if (newest) return newest;
  const fallback = await repos.assistants.findDefault();
  if (!fallback) throw notFound('Agent');
  return requireUsable(seen(fallback));
}

async function endUnopened(tx: Tx, ticket: StreamTicket, now: Date): Promise<void> {
  const { callId: id, expiresAt, brief: _, voicemail: __, ...facts } = ticket;
  // The carrier may have asked twice about one call: it went on, or was told, under another id.
  if (facts.direction === 'inbound' && facts.carrierRef !== null && (await tx.calls.knows(facts.carrierRef)))
    return;
  const assistant = await tx.assistants.find(ticket.assistantId);
  const startedAt = new Date(expiresAt.getTime() - TICKET_MS);
  const missed = { ...facts, id, startedAt, assistantName: assistant?.name ?? '', nodeId: '' };
  await endMissed(tx, missed, { reason: 'failed', why: 'The carrier never opened the media stream.', now });
}

function requireUsable(view: AssistantView): AssistantView {
  if (view.pauseReason === null) return view;
  throw new DomainError('precondition', `The agent is paused: ${view.pauseReason}`);
}

/** What carriers and visitors send is stored as it is, within reason. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '').slice(0, 200);
}
