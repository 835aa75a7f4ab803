import type { EmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import type { VendorGuard } from '#adapters/fetch/guarded/vendor-guard';
import { concierge } from '#adapters/llm/concierge';
import { llmVendors } from '#adapters/llm/vendors';
import { deepgramRecognition } from '#adapters/stt/deepgram';
import { openaiRecognition } from '#adapters/stt/openai';
import { cartesiaSpeech } from '#adapters/tts/cartesia';
import { deepgramSpeech } from '#adapters/tts/deepgram';
import { edgeSpeech } from '#adapters/tts/edge';
import { elevenlabsSpeech } from '#adapters/tts/elevenlabs';
import { openaiSpeech } from '#adapters/tts/openai';
import type { OpenedProvider } from '#core/providers/provider';
import { lexicalTurnDetector } from '#engine/end-of-turn';
import { systemClock } from '#kernel/clock';
import type { Log } from '#kernel/log';
import { cannedTrouble } from '#runtime/canned';
import { providerHealths } from '#runtime/provider-health';
import type { VoiceFactories } from '#runtime/voices';

interface VoiceParts {
  speech: Pick<EmbeddedSpeech, 'stt' | 'vad' | 'tts'>;
  /** The way to addresses that tenants name. */
  guard: VendorGuard;
  log: Log;
}

/** Every speech and language provider a call may name: one line a vendor. */
export function voiceFactories({ speech, guard, log }: VoiceParts): VoiceFactories {
  const accessOf = (provider: OpenedProvider) => accessBy(guard, provider);
  const llm = Object.entries(llmVendors).map(
    ([key, open]) =>
      [key, (provider: OpenedProvider) => open({ model: provider.modelId, ...accessOf(provider) })] as const,
  );
  return {
    vad: speech.vad,
    turns: lexicalTurnDetector,
    canned: cannedTrouble(speech.tts, log),
    health: providerHealths(systemClock),
    stt: {
      moonshine: () => speech.stt,
      deepgram: (provider) => deepgramRecognition({ ...accessOf(provider), model: provider.modelId }),
      openai: (provider) => openaiRecognition({ ...accessOf(provider), model: provider.modelId }),
      groq: (provider) =>
        openaiRecognition({
          baseUrl: 'https://api.groq.com/openai/v1',
          ...accessOf(provider),
          model: provider.modelId,
          name: 'groq',
        }),
    },
    llm: { ...Object.fromEntries(llm), concierge: () => concierge },
    tts: {
      flite: () => speech.tts,
      openai: (provider) => openaiSpeech({ ...accessOf(provider), ...modelSetting(provider) }),
      elevenlabs: (provider) => elevenlabsSpeech({ ...accessOf(provider), ...modelSetting(provider) }),
      deepgram: (provider) => deepgramSpeech(accessOf(provider)),
      cartesia: (provider) => cartesiaSpeech({ ...accessOf(provider), ...modelSetting(provider) }),
      edge: (provider) => edgeSpeech(accessOf(provider)),
    },
  };
}

/** A client's own provider is reached through the guard; the operator's may be anywhere, as a local Ollama is. */
function accessBy(guard: VendorGuard, { source, credentials, settings }: OpenedProvider) {
  const baseUrl = settings.baseUrl ?? credentials.baseUrl;
  return {
    apiKey: credentials.apiKey ?? '',
    ...(typeof baseUrl === 'string' && baseUrl !== '' ? { baseUrl: baseUrl.replace(/\/+$/, '') } : {}),
    ...(source === 'client' ? { reach: guard } : {}),
  };
}

/** A voice's model, where the provider's settings choose one: the provider's own models are voices. */
function modelSetting({ settings }: OpenedProvider): { model?: string } {
  return typeof settings.model === 'string' ? { model: settings.model } : {};
}
