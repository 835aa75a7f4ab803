import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createGroq } from '@ai-sdk/groq';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import type { LanguageModel } from '#engine/ports';
import type { VendorReach } from '../stream/speech-access.ts';
import { aiSdkModel } from './ai-sdk.ts';

/** What a language model's vendor needs to be reached. */
export interface LlmAccess {
  model: string;
  /** Empty for servers that ask for none, such as Ollama. */
  apiKey: string;
  /** Overrides the vendor's public address; without a slash at its end. */
  baseUrl?: string;
  /** The runtime's own way, to wherever it is, when left out. */
  reach?: VendorReach;
}

/** One line a vendor: adding one is adding its factory here and its entry in the provider catalogue. */
export const llmVendors: Readonly<Record<string, (access: LlmAccess) => LanguageModel>> = {
  openai: ({ model, apiKey, baseUrl, reach }) =>
    aiSdkModel(
      `openai/${model}`,
      createOpenAI({ apiKey, baseURL: baseUrl, fetch: reach?.fetch }).chat(model),
    ),
  anthropic: ({ model, apiKey, baseUrl, reach }) =>
    aiSdkModel(
      `anthropic/${model}`,
      createAnthropic({ apiKey, baseURL: baseUrl, fetch: reach?.fetch })(model),
    ),
  google: ({ model, apiKey, baseUrl, reach }) =>
    aiSdkModel(
      `google/${model}`,
      createGoogleGenerativeAI({ apiKey, baseURL: baseUrl, fetch: reach?.fetch })(model),
    ),
  groq: ({ model, apiKey, baseUrl, reach }) =>
    aiSdkModel(`groq/${model}`, createGroq({ apiKey, baseURL: baseUrl, fetch: reach?.fetch })(model)),
  ollama: (access) => compatible('ollama', { baseUrl: 'http://localhost:11434/v1', ...access }),
  'openai-compatible': (access) => compatible('openai-compatible', { baseUrl: '', ...access }),
};

function compatible(name: string, access: LlmAccess & { baseUrl: string }): LanguageModel {
  const provider = createOpenAICompatible({
    name,
    baseURL: access.baseUrl,
    apiKey: access.apiKey === '' ? undefined : access.apiKey,
    includeUsage: true,
    fetch: access.reach?.fetch,
  });
  return aiSdkModel(`${name}/${access.model}`, provider(access.model));
}
