import type { Plan, PlanModels } from '#core/plans/plan';
import { MODEL_CATEGORIES } from '#core/plans/plan';
import { modelNames } from '#core/providers/catalogue';
import { microsFromUsd } from '#kernel/money';

/** The plan a sign-up starts on. */
export const FIRST_PLAN = 'free';

/** The plan that is paid for by the minute: what an account that is to be paid for starts on. */
export const METERED_PLAN = 'payg';

/** The plan that is named where no plan lists a model. */
export const LARGEST_PLAN = 'enterprise';

/** The lists with the embedded models in them: those belong to every plan. */
export function withEmbedded(models: PlanModels): PlanModels {
  const merged = MODEL_CATEGORIES.map((category) => [
    category,
    [...new Set([...models[category], ...modelNames(category, 'embedded')])],
  ]);
  return Object.fromEntries(merged) as PlanModels;
}

const FREE: PlanModels = withEmbedded({
  llm: ['ollama/llama3.2:3b', 'groq/llama-3.1-8b-instant'],
  tts: ['edge/en-US-AriaNeural'],
  stt: [],
});

const STARTER: PlanModels = withEmbedded({
  llm: [...FREE.llm, 'groq/llama-3.3-70b-versatile', 'openai/gpt-4o-mini'],
  tts: [...FREE.tts, 'openai/alloy'],
  stt: [...FREE.stt, 'deepgram/nova-2'],
});

const PRO: PlanModels = withEmbedded({
  llm: [...STARTER.llm, 'openai/gpt-4o', 'anthropic/claude-haiku-4-5', 'google/gemini-2.5-flash'],
  tts: [...STARTER.tts, 'elevenlabs/21m00Tcm4TlvDq8ikWAM', 'deepgram/aura-2-thalia-en'],
  stt: [...STARTER.stt, 'deepgram/nova-3', 'openai/gpt-4o-mini-transcribe'],
});

const EVERYTHING: PlanModels = {
  llm: modelNames('llm', 'all'),
  tts: modelNames('tts', 'all'),
  stt: modelNames('stt', 'all'),
};

type Figures = [agents: number, atOnce: number, durationSec: number, minutes: number];

const limits = ([maxAgents, maxConcurrentCalls, maxCallDurationSec, maxMonthlyMinutes]: Figures) => ({
  maxAgents,
  maxConcurrentCalls,
  maxCallDurationSec,
  maxMonthlyMinutes,
});

interface Prices {
  monthlyUsd: number;
  annualUsd: number;
  maxDiscountPercent: number;
  includedMinutes: number;
  overageUsdPerMinute: number;
}

const pricing = (prices: Prices): Plan['pricing'] => ({
  monthlyMicros: microsFromUsd(prices.monthlyUsd),
  annualMicros: microsFromUsd(prices.annualUsd),
  maxDiscountPercent: prices.maxDiscountPercent,
  includedMinutes: prices.includedMinutes,
  overageMicrosPerMinute: microsFromUsd(prices.overageUsdPerMinute),
});

/** The plans that come with the software, smallest first. The operator may change them and add others. */
export const PLAN_CATALOGUE: readonly Plan[] = [
  {
    slug: 'free',
    name: 'Free',
    description: 'Get started with voice AI',
    public: true,
    custom: false,
    limits: limits([1, 2, 300, 60]),
    features: { customProviders: false, maxCustomProviders: 0, overage: false },
    models: FREE,
    pricing: pricing({
      monthlyUsd: 0,
      annualUsd: 0,
      maxDiscountPercent: 0,
      includedMinutes: 60,
      overageUsdPerMinute: 0,
    }),
    rank: 0,
  },
  {
    slug: 'payg',
    name: 'Pay as you go',
    description: 'A small base fee, then by the minute',
    public: true,
    custom: false,
    limits: limits([10, 20, 3_600, 100_000]),
    features: { customProviders: true, maxCustomProviders: 5, overage: true },
    models: PRO,
    pricing: pricing({
      monthlyUsd: 5,
      annualUsd: 60,
      maxDiscountPercent: 0,
      includedMinutes: 0,
      overageUsdPerMinute: 0.05,
    }),
    rank: 5,
  },
  {
    slug: 'starter',
    name: 'Starter',
    description: 'For a first line that is always answered',
    public: true,
    custom: false,
    limits: limits([3, 5, 900, 250]),
    features: { customProviders: true, maxCustomProviders: 1, overage: true },
    models: STARTER,
    pricing: pricing({
      monthlyUsd: 49,
      annualUsd: 490,
      maxDiscountPercent: 10,
      includedMinutes: 250,
      overageUsdPerMinute: 0.3,
    }),
    rank: 49,
  },
  {
    slug: 'advanced',
    name: 'Advanced',
    description: 'For teams with several lines',
    public: true,
    custom: false,
    limits: limits([10, 20, 1_800, 1_000]),
    features: { customProviders: true, maxCustomProviders: 3, overage: true },
    models: STARTER,
    pricing: pricing({
      monthlyUsd: 149,
      annualUsd: 1_490,
      maxDiscountPercent: 15,
      includedMinutes: 1_000,
      overageUsdPerMinute: 0.25,
    }),
    rank: 149,
  },
  {
    slug: 'pro',
    name: 'Pro',
    description: 'For call-heavy businesses',
    public: true,
    custom: false,
    limits: limits([25, 50, 3_600, 10_000]),
    features: { customProviders: true, maxCustomProviders: 5, overage: true },
    models: PRO,
    pricing: pricing({
      monthlyUsd: 499,
      annualUsd: 4_990,
      maxDiscountPercent: 20,
      includedMinutes: 10_000,
      overageUsdPerMinute: 0.1,
    }),
    rank: 499,
  },
  {
    slug: 'enterprise',
    name: 'Enterprise',
    description: 'Every model, and limits to grow into',
    public: true,
    custom: false,
    limits: limits([1_000, 1_000, 14_400, 1_000_000]),
    features: { customProviders: true, maxCustomProviders: 100, overage: true },
    models: EVERYTHING,
    pricing: pricing({
      monthlyUsd: 1_999,
      annualUsd: 19_990,
      maxDiscountPercent: 30,
      includedMinutes: 100_000,
      overageUsdPerMinute: 0.04,
    }),
    rank: 1_999,
  },
];
