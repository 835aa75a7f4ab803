import type { UsageComponent, UsageUnit } from '#core/usage/usage';
import type { MicroUsd } from '#kernel/money';

/** Micro-dollars for `per` units. */
interface Price {
  readonly micros: MicroUsd;
  readonly per: number;
}

const perMinute = (usd: number): Price => ({ micros: usd * 1e6, per: 60_000 });
const perMillion = (usd: number): Price => ({ micros: usd * 1e6, per: 1e6 });

interface TokenPrices {
  readonly inputTokens: Price;
  readonly outputTokens: Price;
}

const tokens = (inputUsd: number, outputUsd: number): TokenPrices => ({
  inputTokens: perMillion(inputUsd),
  outputTokens: perMillion(outputUsd),
});

/** Language models, US dollars for a million tokens in and out, at the vendors' public list prices of 2025. */
const LLM: Readonly<Record<string, TokenPrices>> = {
  'openai/gpt-4o-mini': tokens(0.15, 0.6),
  'openai/gpt-4o': tokens(2.5, 10),
  'openai/gpt-4.1-nano': tokens(0.1, 0.4),
  'openai/gpt-4.1-mini': tokens(0.4, 1.6),
  'openai/gpt-4.1': tokens(2, 8),
  'anthropic/claude-haiku-4-5': tokens(1, 5),
  'anthropic/claude-sonnet-4-5': tokens(3, 15),
  'google/gemini-2.5-flash-lite': tokens(0.1, 0.4),
  'google/gemini-2.5-flash': tokens(0.3, 2.5),
  'google/gemini-2.5-pro': tokens(1.25, 10),
  'groq/llama-3.1-8b-instant': tokens(0.05, 0.08),
  'groq/llama-3.3-70b-versatile': tokens(0.59, 0.79),
};

/** Speech recognition, US dollars for a minute of audio. */
const STT: Readonly<Record<string, Price>> = {
  'deepgram/nova-3': perMinute(0.0077),
  'deepgram/nova-2': perMinute(0.0058),
  'deepgram/nova-2-phonecall': perMinute(0.0058),
  'openai/gpt-4o-mini-transcribe': perMinute(0.003),
  'openai/gpt-4o-transcribe': perMinute(0.006),
  'openai/whisper-1': perMinute(0.006),
  'groq/whisper-large-v3-turbo': perMinute(0.04 / 60),
  'groq/whisper-large-v3': perMinute(0.111 / 60),
};

/** Speech synthesis by the name of engine and model, US dollars for a million characters. */
const TTS: Readonly<Record<string, Price>> = {
  'openai/gpt-4o-mini-tts': perMillion(15),
  'openai/tts-1': perMillion(15),
  'openai/tts-1-hd': perMillion(30),
  'elevenlabs/eleven_flash_v2_5': perMillion(50),
  'elevenlabs/eleven_multilingual_v2': perMillion(100),
  'deepgram/aura': perMillion(30),
  'cartesia/sonic-2': perMillion(38),
};

/**
 * What so much of a provider costs at list price, to the nearest micro-dollar. Embedded providers, and those whose
 * price is not known, cost 0.
 */
export function listCostMicros(use: {
  component: UsageComponent;
  provider: string;
  unit: UsageUnit;
  amount: number;
}): MicroUsd {
  const price = priceOf(use);
  return price ? Math.round((price.micros * use.amount) / price.per) : 0;
}

function priceOf({ component, provider, unit }: Parameters<typeof listCostMicros>[0]): Price | undefined {
  if (component === 'stt' && unit === 'audioMs') return STT[provider];
  if (component === 'tts' && unit === 'chars') return TTS[provider];
  if (component !== 'llm' || (unit !== 'inputTokens' && unit !== 'outputTokens')) return undefined;
  return LLM[provider]?.[unit];
}
