import type { SampleRate } from '#audio/frame';
import type { Admission } from '#core/calls/admission';
import type { CallLifecycle } from '#core/calls/lifecycle';
import type { CallOrder } from '#core/calls/order';
import type { CallProgress } from '#core/calls/progress';
import type { CallSession, StartCall } from '#engine/call-session';
import type { CallEvent, HangupReason } from '#engine/events';
import type { Tool, Transport } from '#engine/ports';
import { type Clock, pause } from '#kernel/clock';
import { DomainError, toDomainError } from '#kernel/errors';
import type { CallId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import { makeScope } from '#kernel/scope';
import type { Journal } from '#runtime/journal';
import type { Launcher, LineFacts, LiveCall } from '#runtime/launch';
import type { Meters } from '#runtime/meters';
import { planCall } from '#runtime/plan';
import { keepProgress, type ProgressKeeper } from '#runtime/progress';
import { type Recorder, type RecordingSink, record } from '#runtime/recorder';
import type { Registry } from '#runtime/registry';
import { openVoices, type VoiceFactories } from '#runtime/voices';

export interface LauncherDeps {
  admission: Admission;
  lifecycle: CallLifecycle;
  journal: Journal;
  registry: Registry;
  voices: VoiceFactories;
  startCall: StartCall;
  /** The tools of one call. */
  tools(order: CallOrder): Promise<readonly Tool[]>;
  /** Opens the file of a call's recording; `key` is its place among the blobs. */
  openRecording(callId: CallId, rateHz: SampleRate): { key: string; sink: RecordingSink };
  /** Whether speech and the process can carry one call more. */
  hasRoom(): boolean;
  meters: Meters;
  nodeId: string;
  clock: Clock;
  log: Log;
}

export interface LaunchControl extends Launcher {
  /** Whether one more call would be taken at present. */
  hasRoom(): boolean;
  /** No new calls from now on. */
  stop(): void;
  readonly isStopped: boolean;
  /** Resolves when the endings of all calls have been stored. */
  settled(): Promise<void>;
}

/** How long storing the end of a call is tried; what is still open then is closed at the next start. */
const FINISH_WITHIN_MS = 60_000;
const FLUSH_WITHIN_MS = 5_000;

export function createLauncher(deps: LauncherDeps): LaunchControl {
  const endings = new Set<Promise<void>>();
  const { lifecycle, clock, log } = deps;
  const progress = keepProgress({ store: (notes) => lifecycle.noteProgress(notes), clock, log });
  let stopped = false;
  return {
    async start(token, line, facts) {
      if (stopped) throw refused(deps, 'The server is going down.');
      if (!deps.hasRoom()) throw refused(deps, 'All lines are busy. Please try again in a moment.');
      const order = await deps.admission.redeem(token);
      const run = new CallRun({ ...deps, progress }, order);
      await run.begin(line, facts).catch((thrown: unknown) => noteFailure(deps, order, thrown));
      const ending = run.ending.finally(() => endings.delete(ending));
      endings.add(ending);
      return run;
    },
    hasRoom: () => !stopped && deps.hasRoom(),
    stop() {
      stopped = true;
    },
    get isStopped() {
      return stopped;
    },
    async settled() {
      while (endings.size > 0) await Promise.all(endings);
    },
  };
}

/** Whoever was told that a call begins is told that it could not. Throws what was thrown. */
async function noteFailure(deps: LauncherDeps, order: CallOrder, thrown: unknown): Promise<never> {
  const { callbacks, direction, callId: id, assistant, carrierRef, tenantId } = order;
  if (direction === 'outbound' || callbacks.startUrl !== null) {
    const { type, from, to, variables, metadata } = order;
    const facts = { id, tenantId, type, direction, from, to, carrierRef, variables, callbacks, metadata };
    const of = { assistantId: assistant.id, assistantName: assistant.name, nodeId: deps.nodeId };
    const missed = { ...facts, ...of, startedAt: new Date(deps.clock.nowMs()) };
    const why = toDomainError(thrown).publicMessage;
    const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
    await deps.lifecycle
      .miss(scope, missed, { reason: 'failed', why })
      .catch((error: unknown) => deps.log.error({ err: error, callId: id }, 'failed call not stored'));
  }
  throw thrown;
}

function refused(deps: LauncherDeps, words: string): DomainError {
  deps.meters.callRefused(words);
  return new DomainError('unavailable', words, { retryAfterMs: 10_000 });
}

type RunDeps = LauncherDeps & { progress: ProgressKeeper };

/** One call from its ticket to its stored end. */
class CallRun implements LiveCall {
  readonly callId: CallId;
  readonly assistantName: string;
  session!: CallSession;
  ending!: Promise<void>;
  readonly #deps: RunDeps;
  readonly #order: CallOrder;
  readonly #watchers = new Set<(event: CallEvent) => void>();
  #recorder: Recorder | null = null;
  #recordingKey: string | null = null;
  #durationMs = 0;
  #startedAtMs = 0;
  #lastSeq = -1;
  /** The caller's words that are not final yet. */
  #heard: CallProgress['heard'] = null;

  constructor(deps: RunDeps, order: CallOrder) {
    this.#deps = deps;
    this.#order = order;
    this.callId = order.callId;
    this.assistantName = order.assistant.name;
  }

  /** Stores the call, then starts it: a call that runs is always one that is stored. */
  async begin(line: Transport, facts: LineFacts): Promise<void> {
    const deps = this.#deps;
    const voices = openVoices(deps.voices, this.#order.providers);
    const tools = await deps.tools(this.#order);
    const plan = planCall(this.#order, tools, deps.clock.nowMs());
    await deps.lifecycle.begin(this.#order, { nodeId: deps.nodeId, carrierRef: facts.carrierRef });
    if (plan.record) {
      const { key, sink } = deps.openRecording(this.callId, line.rateHz);
      this.#recordingKey = key;
      this.#recorder = record(line, sink, deps.clock);
    }
    deps.meters.callStarted();
    this.#startedAtMs = deps.clock.nowMs();
    const emit = (event: CallEvent) => this.#emit(event);
    const control = facts.control;
    try {
      this.session = deps.startCall(plan, { line, voices, control, clock: deps.clock, emit });
    } catch (error) {
      await this.#finish('failed');
      throw error;
    }
    deps.registry.add(this.#order.tenantId, this);
    deps.progress.add(this);
    this.ending = this.session.ended.then((reason) => this.#finish(reason));
  }

  watch(on: (event: CallEvent) => void): () => void {
    this.#watchers.add(on);
    return () => void this.#watchers.delete(on);
  }

  progress(): CallProgress {
    const { tenantId, callId } = this.#order;
    const atMs = this.#deps.clock.nowMs() - this.#startedAtMs;
    return {
      callId,
      tenantId,
      afterSeq: this.#lastSeq,
      atMs,
      said: this.session.saying(),
      heard: this.#heard,
    };
  }

  #emit(event: CallEvent): void {
    this.#lastSeq = event.seq;
    if (event.type === 'turn.ended') this.#heard = null;
    if (event.type === 'call.ended') this.#durationMs = event.durationMs;
    // Interim words are for whoever watches; the log keeps what was finally heard.
    if (event.type === 'user.heard') this.#heard = event.final ? null : wordsOf(event);
    if (event.type !== 'user.heard' || event.final) this.#deps.journal.record(this.#order.tenantId, event);
    this.#deps.meters.event(event);
    for (const watcher of this.#watchers) watcher(event);
  }

  async #finish(reason: HangupReason): Promise<void> {
    const { meters, registry, journal, progress, log } = this.#deps;
    progress.remove(this);
    meters.callEnded(reason, this.#durationMs);
    try {
      await this.#recorder?.stop();
    } catch (error) {
      this.#recordingKey = null;
      log.error({ err: error, callId: this.callId }, 'recording lost');
    }
    await journal.flush(this.callId, FLUSH_WITHIN_MS);
    await this.#store(reason);
    registry.remove(this.callId);
  }

  async #store(reason: HangupReason): Promise<void> {
    const { lifecycle, clock, log } = this.#deps;
    const scope = makeScope(this.#order.tenantId, { kind: 'system' }, 'owner');
    const untilMs = clock.nowMs() + FINISH_WITHIN_MS;
    for (let delayMs = 200; ; delayMs = Math.min(delayMs * 2, 5_000)) {
      try {
        await lifecycle.finish(scope, this.callId, {
          reason,
          durationMs: this.#durationMs,
          recordingKey: this.#recordingKey,
        });
        return;
      } catch (thrown) {
        const error = toDomainError(thrown);
        const late = clock.nowMs() > untilMs;
        log.error({ err: error, callId: this.callId, givenUp: late }, 'end of call not stored');
        if (late || error.code === 'not_found') return;
        await pause(clock, delayMs);
      }
    }
  }
}

function wordsOf({ text, turnId }: CallEvent & { type: 'user.heard' }): CallProgress['heard'] {
  return { text, ...(turnId === undefined ? {} : { turnId }) };
}
