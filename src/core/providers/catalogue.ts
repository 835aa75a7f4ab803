import type { ModelCategory } from '#core/plans/plan';
import type { ProviderModel } from '#core/providers/provider';

export interface CredentialField {
  readonly name: string;
  readonly label: string;
  readonly required: boolean;
}

/** How a vendor is asked whether a key is good: one GET that costs nothing and changes nothing. */
export interface ProviderProbe {
  /** Below the base URL. */
  readonly path: string;
  /** The header that carries the key, and what stands before the key in it; null where none is asked for. */
  readonly key: { readonly header: string; readonly scheme: string } | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the answer lists what the vendor has: a list's name and its entries' id. Null where it lists none of ours. */
  readonly lists: { readonly list: string; readonly id: string } | null;
}

/** A kind of provider the software can talk to. */
export interface ProviderType {
  readonly category: ModelCategory;
  readonly providerKey: string;
  readonly name: string;
  readonly credentials: readonly CredentialField[];
  /** Where it is reached unless `settings.baseUrl` says otherwise; null where the setting is needed. */
  readonly baseUrl: string | null;
  /** Runs inside the platform and needs nobody: offered globally, never created by a tenant. */
  readonly embedded: boolean;
  /** How a key is tried; null for what is embedded. */
  readonly probe: ProviderProbe | null;
  /** Known models; for text-to-speech, voices. A provider may list others. */
  readonly models: readonly ProviderModel[];
}

const API_KEY: readonly CredentialField[] = [{ name: 'apiKey', label: 'API key', required: true }];
const OPTIONAL_API_KEY: readonly CredentialField[] = [{ name: 'apiKey', label: 'API key', required: false }];

const MODELS_LIST = { list: 'data', id: 'id' };
const BEARER = { header: 'authorization', scheme: 'Bearer ' };
/** What OpenAI's API and every compatible one answer with their models. */
const OPENAI_PROBE: ProviderProbe = { path: '/models', key: BEARER, lists: MODELS_LIST };
const DEEPGRAM_PROBE: ProviderProbe = {
  path: '/v1/auth/token',
  key: { header: 'authorization', scheme: 'Token ' },
  lists: null,
};

const models = (labels: Readonly<Record<string, string>>): ProviderModel[] =>
  Object.entries(labels).map(([modelId, label]) => ({ modelId, label }));

/** Everything that can be a provider. Adding one is an entry here and an adapter. */
export const CATALOGUE: readonly ProviderType[] = [
  {
    category: 'llm',
    providerKey: 'concierge',
    name: 'Concierge (built in)',
    credentials: [],
    baseUrl: null,
    embedded: true,
    probe: null,
    models: models({ concierge: 'Concierge: answers from prompt and knowledge, no language model' }),
  },
  {
    category: 'llm',
    providerKey: 'openai',
    name: 'OpenAI',
    credentials: API_KEY,
    baseUrl: 'https://api.openai.com/v1',
    embedded: false,
    probe: OPENAI_PROBE,
    models: models({
      'gpt-4o-mini': 'GPT-4o Mini',
      'gpt-4o': 'GPT-4o',
      'gpt-4.1-nano': 'GPT-4.1 Nano',
      'gpt-4.1-mini': 'GPT-4.1 Mini',
      'gpt-4.1': 'GPT-4.1',
    }),
  },
  {
    category: 'llm',
    providerKey: 'anthropic',
    name: 'Anthropic',
    credentials: API_KEY,
    baseUrl: 'https://api.anthropic.com/v1',
    embedded: false,
    probe: {
      path: '/models?limit=1000',
      key: { header: 'x-api-key', scheme: '' },
      headers: { 'anthropic-version': '2023-06-01' },
      lists: MODELS_LIST,
    },
    models: models({ 'claude-haiku-4-5': 'Claude Haiku 4.5', 'claude-sonnet-4-5': 'Claude Sonnet 4.5' }),
  },
  {
    category: 'llm',
    providerKey: 'google',
    name: 'Google Gemini',
    credentials: API_KEY,
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    embedded: false,
    probe: {
      path: '/models?pageSize=1000',
      key: { header: 'x-goog-api-key', scheme: '' },
      lists: { list: 'models', id: 'name' },
    },
    models: models({
      'gemini-2.5-flash-lite': 'Gemini 2.5 Flash-Lite',
      'gemini-2.5-flash': 'Gemini 2.5 Flash',
      'gemini-2.5-pro': 'Gemini 2.5 Pro',
    }),
  },
  {
    category: 'llm',
    providerKey: 'groq',
    name: 'Groq',
    credentials: API_KEY,
    baseUrl: 'https://api.groq.com/openai/v1',
    embedded: false,
    probe: OPENAI_PROBE,
    models: models({
      'llama-3.1-8b-instant': 'Llama 3.1 8B Instant',
      'llama-3.3-70b-versatile': 'Llama 3.3 70B Versatile',
    }),
  },
  {
    category: 'llm',
    providerKey: 'ollama',
    name: 'Ollama',
    credentials: OPTIONAL_API_KEY,
    baseUrl: 'http://localhost:11434/v1',
    embedded: false,
    probe: OPENAI_PROBE,
    models: models({ 'llama3.2:3b': 'Llama 3.2 3B', 'qwen3:8b': 'Qwen 3 8B' }),
  },
  {
    category: 'llm',
    providerKey: 'openai-compatible',
    name: 'OpenAI-compatible server',
    credentials: OPTIONAL_API_KEY,
    baseUrl: null,
    embedded: false,
    probe: OPENAI_PROBE,
    models: [],
  },
  {
    category: 'stt',
    providerKey: 'moonshine',
    name: 'Moonshine (built in)',
    credentials: [],
    baseUrl: null,
    embedded: true,
    probe: null,
    models: models({ tiny: 'Moonshine Tiny, English' }),
  },
  {
    category: 'stt',
    providerKey: 'deepgram',
    name: 'Deepgram',
    credentials: API_KEY,
    baseUrl: 'https://api.deepgram.com',
    embedded: false,
    probe: DEEPGRAM_PROBE,
    models: models({
      'nova-3': 'Nova-3',
      'nova-2': 'Nova-2',
      'nova-2-phonecall': 'Nova-2 Phone Call',
    }),
  },
  {
    category: 'stt',
    providerKey: 'openai',
    name: 'OpenAI',
    credentials: API_KEY,
    baseUrl: 'https://api.openai.com/v1',
    embedded: false,
    probe: OPENAI_PROBE,
    models: models({
      'gpt-4o-mini-transcribe': 'GPT-4o Mini Transcribe',
      'gpt-4o-transcribe': 'GPT-4o Transcribe',
      'whisper-1': 'Whisper',
    }),
  },
  {
    category: 'stt',
    providerKey: 'groq',
    name: 'Groq',
    credentials: API_KEY,
    baseUrl: 'https://api.groq.com/openai/v1',
    embedded: false,
    probe: OPENAI_PROBE,
    models: models({
      'whisper-large-v3-turbo': 'Whisper Large v3 Turbo',
      'whisper-large-v3': 'Whisper Large v3',
    }),
  },
  {
    category: 'tts',
    providerKey: 'flite',
    name: 'Flite (built in)',
    credentials: [],
    baseUrl: null,
    embedded: true,
    probe: null,
    models: models({
      rms: 'RMS, US English, male',
      slt: 'SLT, US English, female',
      awb: 'AWB, Scottish English, male',
      kal16: 'KAL, US English, male',
    }),
  },
  {
    category: 'tts',
    providerKey: 'openai',
    name: 'OpenAI',
    credentials: API_KEY,
    baseUrl: 'https://api.openai.com/v1',
    embedded: false,
    probe: { ...OPENAI_PROBE, lists: null },
    models: models({
      alloy: 'Alloy',
      ash: 'Ash',
      coral: 'Coral',
      echo: 'Echo',
      nova: 'Nova',
      onyx: 'Onyx',
      sage: 'Sage',
      shimmer: 'Shimmer',
    }),
  },
  {
    category: 'tts',
    providerKey: 'elevenlabs',
    name: 'ElevenLabs',
    credentials: API_KEY,
    baseUrl: 'https://api.elevenlabs.io',
    embedded: false,
    probe: {
      path: '/v1/voices',
      key: { header: 'xi-api-key', scheme: '' },
      lists: { list: 'voices', id: 'voice_id' },
    },
    models: models({
      '21m00Tcm4TlvDq8ikWAM': 'Rachel',
      EXAVITQu4vr4xnSDxMaL: 'Sarah',
      JBFqnCBsd6RMkjVDRZzb: 'George',
    }),
  },
  {
    category: 'tts',
    providerKey: 'deepgram',
    name: 'Deepgram Aura',
    credentials: API_KEY,
    baseUrl: 'https://api.deepgram.com',
    embedded: false,
    probe: DEEPGRAM_PROBE,
    models: models({
      'aura-2-thalia-en': 'Thalia, US English',
      'aura-2-apollo-en': 'Apollo, US English',
      'aura-asteria-en': 'Asteria, US English',
    }),
  },
  {
    category: 'tts',
    providerKey: 'cartesia',
    name: 'Cartesia',
    credentials: API_KEY,
    baseUrl: 'https://api.cartesia.ai',
    embedded: false,
    probe: {
      path: '/voices?limit=100',
      key: { header: 'x-api-key', scheme: '' },
      headers: { 'cartesia-version': '2024-11-13' },
      lists: null,
    },
    models: models({ 'a0e99841-438c-4a64-b679-ae501e7d6091': 'Barbershop Man' }),
  },
  {
    category: 'tts',
    providerKey: 'edge',
    name: 'Microsoft Edge voices',
    credentials: [],
    baseUrl: 'https://speech.platform.bing.com',
    embedded: false,
    probe: {
      path: '/consumer/speech/synthesize/readaloud/voices/list?trustedclienttoken=6A5AA1D4EAFF4E9FB37E23D68491D6F4',
      key: null,
      lists: { list: '', id: 'ShortName' },
    },
    models: models({
      'en-US-AriaNeural': 'Aria, US English',
      'en-US-GuyNeural': 'Guy, US English',
      'en-GB-SoniaNeural': 'Sonia, British English',
    }),
  },
];

/** Undefined for what the software cannot talk to. */
export function providerType(category: ModelCategory, providerKey: string): ProviderType | undefined {
  return CATALOGUE.find((type) => type.category === category && type.providerKey === providerKey);
}

/** Names, as plans list them, of all known models or of the embedded ones alone. */
export function modelNames(category: ModelCategory, which: 'all' | 'embedded'): string[] {
  return CATALOGUE.filter((type) => type.category === category && (which === 'all' || type.embedded)).flatMap(
    (type) => type.models.map(({ modelId }) => `${type.providerKey}/${modelId}`),
  );
}
