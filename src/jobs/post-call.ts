import type { CallAnalysis, TranscriptEntry } from '#core/calls/call';
import type { JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';
import { makeScope } from '#kernel/scope';

export interface PostCallDeps {
  services: Pick<Services, 'calls' | 'lifecycle' | 'admission'>;
  /** Reads a whole transcript. */
  analyse(transcript: readonly TranscriptEntry[]): Promise<CallAnalysis>;
}

/** After a call: what it was about, how the caller felt, how it came out. Running it twice changes nothing more. */
export function postCall(deps: PostCallDeps) {
  return async ({ tenantId, callId }: JobPayloads['post-call']): Promise<void> => {
    const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
    const call = await deps.services.calls.get(scope, callId);
    if (call.status === 'active') return;
    await deps.services.lifecycle.saveAnalysis(scope, callId, await deps.analyse(call.transcript));
  };
}
