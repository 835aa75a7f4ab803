import { schemaProblems } from '#engine/arguments';
import { childOf, OVER } from '#engine/deadline';
import type { CallEventBody } from '#engine/events';
import type { Tool, ToolCall, ToolOutcome, ToolSpec } from '#engine/ports';
import type { Clock } from '#kernel/clock';
import type { CallId, TurnId } from '#kernel/ids';
import type { Json } from '#kernel/json';

export interface ToolsDeps {
  tools: readonly Tool[];
  callId: CallId;
  clock: Clock;
  /** Aborts when the call has ended and what was to be finished had its time. */
  signal: AbortSignal;
  report(event: CallEventBody, turnId?: TurnId): void;
}

export interface ToolRun {
  turnId: TurnId;
  /** The same for every try of this call, different for every other. */
  key: string;
  /** The reply's: a barge-in aborts it. */
  signal: AbortSignal;
}

/** Runs the model's tool calls: checked arguments, a time limit, and the tool's own word on what an interruption does. */
export class Tools {
  readonly #deps: ToolsDeps;
  readonly #running = new Set<Promise<unknown>>();

  constructor(deps: ToolsDeps) {
    this.#deps = deps;
  }

  get specs(): readonly ToolSpec[] {
    return this.#deps.tools.map((tool) => tool.spec);
  }

  /** Whether any call's result is still to come. Calls that may be aborted settle as soon as they are. */
  get isBusy(): boolean {
    return this.#running.size > 0;
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Runs one call; never rejects. What went wrong is in the result, for the model to read. */
  run(call: ToolCall, run: ToolRun): Promise<ToolOutcome> {
    const running = this.#run(call, run);
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  async #run(call: ToolCall, run: ToolRun): Promise<ToolOutcome> {
    const { clock, report } = this.#deps;
    const { id: toolCallId, name } = call;
    report({ type: 'tool.called', toolCallId, name, arguments: call.arguments }, run.turnId);
    const startMs = clock.nowMs();
    const outcome = await this.#outcome(call, run);
    const tookMs = clock.nowMs() - startMs;
    const { ok, result } = outcome;
    report({ type: 'tool.returned', toolCallId, name, ok, result, tookMs }, run.turnId);
    return outcome;
  }

  #outcome(call: ToolCall, run: ToolRun): Promise<ToolOutcome> {
    const tool = this.#deps.tools.find((one) => one.spec.name === call.name);
    if (!tool) return Promise.resolve(failure(`there is no tool named ${call.name}`));
    const problems = schemaProblems(tool.spec.parameters, call.arguments);
    if (problems.length > 0) return Promise.resolve(failure(`invalid arguments: ${problems.join('; ')}`));
    const signal = tool.whenInterrupted === 'abort' ? run.signal : this.#deps.signal;
    return this.#limited(tool, call, { ...run, signal });
  }

  #limited(tool: Tool, call: ToolCall, run: ToolRun): Promise<ToolOutcome> {
    const { controller, release } = childOf(run.signal);
    const context = { callId: this.#deps.callId, turnId: run.turnId, idempotencyKey: run.key };
    return new Promise((resolve) => {
      const settle = (outcome: ToolOutcome) => {
        cancel();
        controller.signal.removeEventListener('abort', interrupted);
        release();
        resolve(outcome);
      };
      const interrupted = () => settle(failure('interrupted: the caller spoke before this finished'));
      const cancel = this.#deps.clock.after(tool.timeoutMs, () => {
        settle(failure(`no result within ${tool.timeoutMs} ms`));
        controller.abort(OVER);
      });
      if (controller.signal.aborted) return interrupted();
      controller.signal.addEventListener('abort', interrupted, { once: true });
      started(tool, call, { context, signal: controller.signal }).then(settle, (thrown) =>
        settle(failure(`it failed: ${thrown instanceof Error ? thrown.name : 'unknown error'}`)),
      );
    });
  }
}

/** A tool that throws at once rejects like one that throws later. */
async function started(
  tool: Tool,
  call: ToolCall,
  run: { context: Parameters<Tool['run']>[1]; signal: AbortSignal },
): Promise<ToolOutcome> {
  return tool.run(call.arguments, run.context, run.signal);
}

function failure(error: string): ToolOutcome {
  const result: Json = { error };
  return { ok: false, result };
}
