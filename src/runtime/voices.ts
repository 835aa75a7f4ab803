import type { CallOrder } from '#core/calls/order';
import type { OpenedProvider } from '#core/providers/provider';
import type {
  LanguageModel,
  ProviderHealth,
  SpeechToText,
  TextToSpeech,
  TurnDetector,
  Vad,
  Voices,
} from '#engine/ports';
import { DomainError } from '#kernel/errors';
import type { ProviderPlace } from '#runtime/provider-health';

/** Makes a vendor's adapter for one call from the provider's credentials, settings and chosen model. */
export interface VoiceFactories {
  readonly stt: Readonly<Record<string, (provider: OpenedProvider) => SpeechToText>>;
  readonly llm: Readonly<Record<string, (provider: OpenedProvider) => LanguageModel>>;
  /** The provider's model is the voice. */
  readonly tts: Readonly<Record<string, (provider: OpenedProvider) => TextToSpeech>>;
  readonly vad: Vad;
  readonly turns: TurnDetector;
  readonly canned?: Voices['canned'];
  /** Known to all calls of the process. */
  readonly health?: (place: ProviderPlace) => ProviderHealth;
}

/** The voices of one call in the order's own order: the chosen provider first, its stand-ins after. */
export function openVoices(factories: VoiceFactories, providers: CallOrder['providers']): Voices {
  const health = (provider: OpenedProvider) => factories.health?.(placeOf(provider));
  return {
    vad: factories.vad,
    turns: factories.turns,
    ...(factories.canned ? { canned: factories.canned } : {}),
    stt: providers.stt.map((provider) => {
      const stt = pick(factories.stt, provider)(provider);
      return { name: stt.name, can: stt.can, open: (...ask) => stt.open(...ask), health: health(provider) };
    }),
    llm: providers.llm.map((provider) => {
      const model = pick(factories.llm, provider)(provider);
      return { name: model.name, reply: (...ask) => model.reply(...ask), health: health(provider) };
    }),
    tts: providers.tts.map((provider) => ({
      engine: pick(factories.tts, provider)(provider),
      voice: provider.modelId,
      health: health(provider),
    })),
  };
}

function pick<F>(factories: Readonly<Record<string, F>>, provider: OpenedProvider): F {
  const factory = Object.hasOwn(factories, provider.providerKey)
    ? factories[provider.providerKey]
    : undefined;
  if (factory) return factory;
  throw new DomainError(
    'unsupported',
    `This server cannot run ${provider.category} provider ${provider.providerKey}.`,
  );
}

function placeOf({ id, settings, credentials }: OpenedProvider): ProviderPlace {
  const address = settings.baseUrl ?? credentials.baseUrl;
  return { id, address: typeof address === 'string' && address !== '' ? address : null };
}
