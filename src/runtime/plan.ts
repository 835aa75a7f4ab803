import { DateTime } from 'luxon';
import type { CallOrder } from '#core/calls/order';
import type { CallPlan } from '#engine/call-plan';
import type { Tool } from '#engine/ports';
import { phrasesFor } from '#runtime/phrases';
import { fillVariables } from '#runtime/variables';

const IDLE_MS = 10_000;

/** Freezes an assistant into the plan of one call. `nowMs` is told to the model as the date of the call. */
export function planCall(order: CallOrder, tools: readonly Tool[], nowMs: number): CallPlan {
  const { assistant } = order;
  const phrases = phrasesFor(assistant.persona.language);
  const variables = { ...assistant.variables, ...callVariables(order, nowMs), ...order.variables };
  const fill = (text: string) => fillVariables(text, variables).text;
  return Object.freeze({
    callId: order.callId,
    tenantId: order.tenantId,
    assistantId: assistant.id,
    direction: order.direction,
    type: order.type,
    from: order.from,
    to: order.to,
    language: assistant.persona.language,
    timezone: order.timezone,
    systemPrompt: systemPrompt(order, { fill, nowMs }),
    opening: opening(order, fill),
    voicemailMessage: order.voicemailMessage === null ? null : fill(order.voicemailMessage),
    announcement: assistant.recording.enabled && assistant.recording.announce ? phrases.announcement : null,
    temperature: assistant.llmConfig.temperature,
    maxTokens: assistant.llmConfig.maxTokens,
    speed: assistant.ttsConfig.speed ?? 1,
    hints: [assistant.name, order.tenantName].filter((hint) => hint !== ''),
    thresholds: {
      endpointingMs: assistant.thresholds.endpointingMs,
      silenceTimeoutMs: assistant.thresholds.silenceTimeoutMs,
      interruptionSensitivity: assistant.thresholds.interruptionSensitivity,
      maxCallDurationMs: order.maxDurationMs,
      idleMs: IDLE_MS,
    },
    tools,
    phrases,
    transferOnFailureTo: assistant.transferOnFailureTo,
    record: assistant.recording.enabled,
  });
}

/** Variables every call has, by the names that prompts may use. */
function callVariables(order: CallOrder, nowMs: number): Record<string, string> {
  const now = DateTime.fromMillis(nowMs, { zone: order.timezone });
  return {
    from: order.from,
    to: order.to,
    date: now.toFormat('cccc, d LLLL yyyy'),
    time: now.toFormat('HH:mm'),
    timezone: order.timezone,
    assistant: order.assistant.name,
    organization: order.tenantName,
  };
}

function opening(order: CallOrder, fill: (text: string) => string): CallPlan['opening'] {
  const { firstMessageMode, persona } = order.assistant;
  if (firstMessageMode === 'caller') return { mode: 'caller' };
  const text = fill(persona.greeting).trim();
  if (firstMessageMode === 'model' || text === '') return { mode: 'model' };
  return { mode: 'assistant', text };
}

function systemPrompt(order: CallOrder, how: { fill: (text: string) => string; nowMs: number }): string {
  const { persona, knowledge } = order.assistant;
  const now = DateTime.fromMillis(how.nowMs, { zone: order.timezone });
  const parts = [
    how.fill(persona.systemPrompt).trim(),
    persona.personality.trim() && `Personality: ${how.fill(persona.personality).trim()}`,
    persona.guardrails.trim() && `Rules: ${how.fill(persona.guardrails).trim()}`,
    knowledge.trim() && `Facts:\n${how.fill(knowledge).trim()}`,
    [
      `Today is ${now.toFormat('cccc, d LLLL yyyy')}, the time is ${now.toFormat('HH:mm')} (${order.timezone}).`,
      `The caller's number is ${order.from || 'unknown'}.`,
      `You are speaking on a call in the language ${persona.language}: answer in one to three short spoken sentences, without lists, markup or emoji.`,
    ].join('\n'),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
