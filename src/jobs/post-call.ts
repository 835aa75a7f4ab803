import type { CallDetail } from '#core/calls/call';
import type { JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';
import { DomainError } from '#kernel/errors';
import { makeScope, type Scope } from '#kernel/scope';
import { analyseCall } from '#runtime/analysis/analyse-call';
import type { VoiceFactories } from '#runtime/voices';

export interface PostCallDeps {
  services: Pick<Services, 'calls' | 'lifecycle' | 'admission' | 'assistants' | 'providers'>;
  /** Language models by their provider's key. */
  llm: VoiceFactories['llm'];
}

type Reader = { language: string; llm?: ReturnType<VoiceFactories['llm'][string]> };

/** It works for demos and tests of the call, and cannot read a transcript. */
const NO_READER = 'concierge';

/** After a call: what it was about, how the caller felt, how it came out. Running it twice changes nothing more. */
export function postCall(deps: PostCallDeps) {
  return async (
    { tenantId, callId }: JobPayloads['post-call'],
    { signal }: { signal: AbortSignal },
  ): Promise<void> => {
    const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
    const call = await deps.services.calls.get(scope, callId);
    if (call.status === 'active') return;
    const reader = await readerOf(deps, scope, call);
    const analysis = await analyseCall({ transcript: call.transcript, ...reader }, signal);
    await deps.services.lifecycle.saveAnalysis(scope, callId, analysis);
  };
}

/** The assistant's own language model, where it has one that is more than the embedded stand-in. */
async function readerOf(deps: PostCallDeps, scope: Scope, call: CallDetail): Promise<Reader> {
  try {
    const { llm, persona } = await deps.services.assistants.get(scope, call.assistantId);
    const provider = await deps.services.providers.openModel(scope, llm);
    const open = provider && provider.providerKey !== NO_READER ? deps.llm[provider.providerKey] : undefined;
    return { language: persona.language, ...(provider && open ? { llm: open(provider) } : {}) };
  } catch (error) {
    // The assistant may have been deleted since.
    if (error instanceof DomainError && error.code === 'not_found') return { language: 'en' };
    throw error;
  }
}
