import { describe, expect, it } from 'vitest';
import { blankAssistant } from '#core/assistants/defaults';
import { applyBrief, type CallBrief } from '#core/callbacks/brief';
import { newId } from '#kernel/ids';

const tool = (name: string) =>
  ({
    name,
    description: '',
    parameters: { type: 'object' },
    method: 'GET',
    url: 'https://shop.example/',
    headers: {},
    timeoutMs: 1_000,
    whenInterrupted: 'abort',
  }) as const;

const blank = blankAssistant(newId('ten'), 'Ann', new Date(0));
const assistant = {
  ...blank,
  firstMessageMode: 'model',
  tools: { http: [tool('own')], transfers: [], calendar: true, messages: true },
} as const;

describe('a brief over an assistant', () => {
  it('that says nothing changes nothing', () => {
    expect(applyBrief(assistant, {})).toEqual(assistant);
  });

  const ref = { providerId: newId('prov'), modelId: 'm' };
  it.each<[keyof CallBrief, CallBrief, object]>([
    ['systemPrompt', { systemPrompt: 'Sell.' }, { persona: { ...blank.persona, systemPrompt: 'Sell.' } }],
    ['language', { language: 'de-DE' }, { persona: { ...blank.persona, language: 'de-DE' } }],
    ['llm', { llm: ref }, { llm: ref }],
    ['tts', { tts: ref }, { tts: ref }],
    ['stt', { stt: ref }, { stt: ref }],
    ['tools', { tools: [tool('a')] }, { tools: { ...assistant.tools, http: [tool('a')] } }],
    ['tools', { tools: [] }, { tools: { ...assistant.tools, http: [] } }],
    [
      'firstMessage',
      { firstMessage: 'Hi' },
      { persona: { ...blank.persona, greeting: 'Hi' }, firstMessageMode: 'assistant' },
    ],
    ['variables', { variables: { a: '1' } }, {}],
    ['metadata', { metadata: { a: 1 } }, {}],
    ['voicemailMessage', { voicemailMessage: 'Bye' }, {}],
    ['assistantId', { assistantId: newId('asst') }, {}],
  ])('that says %s changes that and nothing else', (_field, brief, change) => {
    expect(applyBrief(assistant, brief)).toEqual({ ...assistant, ...change });
  });
});
