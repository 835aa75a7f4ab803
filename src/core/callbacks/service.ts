import { modelByName } from '#core/assistants/models';
import { type Circumstances, circumstances, viewOf } from '#core/assistants/status';
import { announceIncident } from '#core/callbacks/announce';
import { type AnsweredNames, readAnswer } from '#core/callbacks/answer';
import { applyBrief, type CallBrief, openBrief, sealBrief } from '#core/callbacks/brief';
import type { Callbacks as Addresses } from '#core/callbacks/callbacks';
import type { Incident } from '#core/callbacks/incident';
import type { CallDirection, CallType } from '#core/calls/call';
import { invalid, textField, wholeField } from '#core/fields';
import type { OutboundHttp, SealedText, Secrets } from '#core/ports';
import type { Tx, UnitOfWork } from '#core/uow';
import { type Letter, makePost, type Post, type PostDeps, type PostOutcome } from '#core/webhooks/post';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import { DomainError } from '#kernel/errors';
import { type CallId, isId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

/** A call that begins, as its tenant's backend is told of it. It need not be stored yet. */
export interface StartingCall {
  readonly callId: CallId;
  /** The carrier's own id. */
  readonly callSid: string | null;
  readonly type: CallType;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly startedAt: Date;
  readonly callbacks: Addresses;
  readonly metadata: JsonObject;
  readonly variables: Readonly<Record<string, string>>;
}

/** What a tenant's backend wants done with a call. */
export type StartAnswer =
  /** Nothing was asked, or nothing of use was answered: the call goes on with the assistant as it is. */
  | { readonly does: 'go on' }
  /** `sealed` goes on the ticket, or on the dial; `brief` is the same in the clear and is to be stored nowhere. */
  | { readonly does: 'brief'; readonly brief: CallBrief; readonly sealed: SealedText }
  | { readonly does: 'reject'; readonly reason: 'busy' | 'rejected' };

export interface DeliveryQuery {
  /** One call's: its id, or the carrier's own id of it. */
  readonly call?: string;
  /** 0 when left out. */
  readonly skip?: number;
  /** 1 to 100, 50 when left out. */
  readonly limit?: number;
}

/** What is asked of, and told to, the tenant's own backend. */
export interface Callbacks {
  /**
   * Asks `callbacks.startUrl` what the assistant should be for this call: 3 s at most. Whatever the backend does
   * wrong makes the answer `go on`, and is told to `callbacks.errorUrl`, once for each call. Without an address it
   * answers at once. Asking is in the delivery log.
   */
  ask(scope: Scope, call: StartingCall): Promise<StartAnswer>;
  /** What was sealed for this call. Throws `internal` for what is damaged or another call's. */
  open(callId: CallId, sealed: SealedText): CallBrief;
  /** Tries to deliver callbacks and webhooks, newest first, without the secrets of their addresses. Throws `invalid`. */
  deliveries(scope: Scope, query?: DeliveryQuery): Promise<OffsetPage<WebhookDelivery>>;
}

export interface CallbackDeps extends PostDeps {
  readonly uow: UnitOfWork;
  readonly secrets: Secrets;
  readonly http: OutboundHttp;
}

/** The caller hears it ring meanwhile. */
const ASK_MS = 3_000;
/** A backend that failed sooner than this is asked once more. */
const SOON_MS = 1_000;
const MAX_ANSWER_BYTES = 256 * 1024;
const PAGE = { max: 100, first: 50 };

export function makeCallbacks(deps: CallbackDeps): Callbacks {
  return new CallbackService(deps);
}

const GO_ON: StartAnswer = { does: 'go on' };

class CallbackService implements Callbacks {
  readonly #deps: CallbackDeps;
  readonly #post: Post;

  constructor(deps: CallbackDeps) {
    this.#deps = deps;
    this.#post = makePost(deps);
  }

  async ask(scope: Scope, call: StartingCall): Promise<StartAnswer> {
    const url = call.callbacks.startUrl;
    if (url === null) return GO_ON;
    const letter: Letter = {
      tenantId: scope.tenantId,
      callId: call.callId,
      webhookId: `started_${call.callId}`,
      event: 'call.started',
      url,
      body: JSON.stringify(callStarted(call)),
    };
    const untilMs = this.#deps.clock.nowMs() + ASK_MS;
    const question = { letter, untilMs };
    const first = await this.#try(scope, question);
    const again = isWorthAgain(first.outcome) && this.#deps.clock.nowMs() < untilMs - ASK_MS + SOON_MS;
    const { delivery, outcome } = again ? await this.#try(scope, question, first) : first;
    return this.#deps.uow.write(scope, async (tx) => {
      await this.#post.end(tx, delivery, outcome);
      const { answer, incident } = await this.#understood(tx, call, outcome);
      if (incident) await announceIncident(tx, { ...call, tenantId: scope.tenantId }, incident);
      return answer;
    });
  }

  open(callId: CallId, sealed: SealedText): CallBrief {
    return openBrief(this.#deps.secrets, callId, sealed);
  }

  async deliveries(scope: Scope, query: DeliveryQuery = {}): Promise<OffsetPage<WebhookDelivery>> {
    const { call, skip = 0, limit = PAGE.first } = query;
    const filter = call === undefined ? {} : { call: textField(call, 'call', { max: 100 }) };
    const page = {
      skip: wholeField(skip, 'skip', { min: 0, max: 1_000_000_000 }),
      limit: wholeField(limit, 'limit', { min: 1, max: PAGE.max }),
    };
    return this.#deps.uow.read(scope, (repos) => repos.deliveries.list(filter, page));
  }

  /** Asks once; `before` is a try that failed and is to be noted so. */
  async #try(scope: Scope, { letter, untilMs }: Question, before?: Try): Promise<Try> {
    const delivery = await unlessTaken(() =>
      this.#deps.uow.write(scope, async (tx) => {
        if (before) await this.#post.end(tx, before.delivery, before.outcome);
        return this.#post.begin(tx, letter);
      }),
    );
    const timeoutMs = Math.max(1, Math.round(untilMs - this.#deps.clock.nowMs()));
    const limits = { timeoutMs, maxResponseBytes: MAX_ANSWER_BYTES };
    return { delivery, outcome: await this.#post.send(letter, limits, new AbortController().signal) };
  }

  async #understood(
    tx: Tx,
    call: StartingCall,
    { failure, body }: PostOutcome,
  ): Promise<{ answer: StartAnswer; incident?: Incident }> {
    const at = new Date(this.#deps.clock.nowMs());
    if (failure !== null) {
      const message = `The start callback failed: ${failure}`;
      return { answer: GO_ON, incident: { kind: 'start_callback_failed', message, at } };
    }
    try {
      return { answer: await this.#read(tx, call.callId, body ?? '') };
    } catch (thrown) {
      // Only what the answer itself is at fault for; storage failures are thrown on.
      if (!(thrown instanceof DomainError) || !ANSWERS_FAULTS.has(thrown.code)) throw thrown;
      const { field, publicMessage } = thrown;
      const message = `The start callback's answer cannot be used: ${publicMessage}`;
      const kind = 'start_answer_invalid';
      return { answer: GO_ON, incident: { kind, message, at, ...(field === undefined ? {} : { field }) } };
    }
  }

  async #read(tx: Tx, callId: CallId, body: string): Promise<StartAnswer> {
    const answer = readAnswer(body, this.#deps.http);
    if (answer.does !== 'brief') return answer;
    const { names } = answer;
    const around = Object.keys(names).length === 0 ? null : await circumstances(tx, this.#deps.clock.nowMs());
    const brief = { ...answer.brief, ...(around && (await named(tx, names, around))) };
    return { does: 'brief', brief, sealed: sealBrief(this.#deps.secrets, callId, brief) };
  }
}

interface Question {
  readonly letter: Letter;
  readonly untilMs: number;
}

interface Try {
  readonly delivery: WebhookDelivery;
  readonly outcome: PostOutcome;
}

/** What a wrong answer throws while it is read. */
const ANSWERS_FAULTS: ReadonlySet<string> = new Set(['invalid', 'forbidden']);

/** Another node may ask about the same call at this moment, and have taken the number of the try. */
async function unlessTaken<T>(note: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await note();
    } catch (error) {
      if (tries >= 5 || !(error instanceof DomainError) || error.code !== 'conflict') throw error;
    }
  }
}

/** No answer at all, or one that says to come again. */
function isWorthAgain({ status, failure }: PostOutcome): boolean {
  return failure !== null && (status === null || status === 429 || status >= 500);
}

/** The assistant and the models that the answer names. Throws `invalid` or `forbidden` with the field. */
async function named(
  tx: Tx,
  { agentId, model, voice, transcriber }: AnsweredNames,
  around: Circumstances,
): Promise<CallBrief> {
  const brief: CallBrief = {
    ...(model !== undefined && { llm: modelByName(model, { category: 'llm', field: 'model' }, around) }),
    ...(voice !== undefined && { tts: modelByName(voice, { category: 'tts', field: 'voice' }, around) }),
    ...(transcriber !== undefined && {
      stt: modelByName(transcriber, { category: 'stt', field: 'transcriber' }, around),
    }),
  };
  if (agentId === undefined) return brief;
  const assistant =
    typeof agentId === 'string' && isId('asst', agentId) ? await tx.assistants.find(agentId) : null;
  if (!assistant) throw invalid('agentId', 'agentId names no agent of yours.');
  const { pauseReason } = viewOf(applyBrief(assistant, brief), around);
  if (pauseReason !== null) throw invalid('agentId', `agentId names an agent that is paused: ${pauseReason}`);
  return { ...brief, assistantId: assistant.id };
}

/** What the start callback is sent; docs/schemas/call-started.json is its JSON Schema. */
function callStarted(call: StartingCall) {
  const { callId, callSid, type, direction, from, to, startedAt, metadata, variables } = call;
  return {
    type: 'call.started',
    timestamp: startedAt.toISOString(),
    data: {
      callId,
      callSid,
      type,
      direction,
      from,
      to,
      startedAt: startedAt.toISOString(),
      variables,
      metadata,
    },
  };
}
