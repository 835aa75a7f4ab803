import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '#core/providers/catalogue';
import type { OpenedProvider } from '#core/providers/provider';
import { silentLog } from '#kernel/log';
import { voiceFactories } from '#src/compose/voice-factories';

const stt = { name: 'embedded stt', can: { interim: true, endpointing: false } };
const factories = voiceFactories({
  speech: { stt, tts: { name: 'embedded tts' }, vad: {} } as never,
  guard: { fetch: globalThis.fetch, socket: () => ({}) },
  log: silentLog,
});

const nameOf = ({ category, providerKey }: { category: string; providerKey: string }) =>
  `${category}/${providerKey}`;

describe('the registry of providers', () => {
  it.each(CATALOGUE.map((type) => [nameOf(type), type] as const))('%s can be run', (_name, type) => {
    const factory = factories[type.category][type.providerKey];
    expect(factory).toBeTypeOf('function');
    const opened = factory!({
      id: 'prov_x' as OpenedProvider['id'],
      source: 'global',
      category: type.category,
      providerKey: type.providerKey,
      name: type.name,
      modelId: type.models[0]?.modelId ?? 'some-model',
      credentials: Object.fromEntries(type.credentials.map(({ name }) => [name, 'a key'])),
      settings: type.baseUrl === null && !type.embedded ? { baseUrl: 'https://models.example.com/v1' } : {},
    });
    expect(opened.name).toEqual(expect.any(String));
  });

  it('has an entry for every factory', () => {
    const runnable = (['stt', 'llm', 'tts'] as const).flatMap((category) =>
      Object.keys(factories[category]).map((providerKey) => nameOf({ category, providerKey })),
    );
    expect(CATALOGUE.map(nameOf).sort()).toEqual(runnable.sort());
  });

  it.each(CATALOGUE.map((type) => [nameOf(type), type] as const))('%s is a whole entry', (_name, type) => {
    const ids = type.models.map(({ modelId }) => modelId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(type.probe === null).toBe(type.embedded);
    if (type.embedded) {
      expect(ids.length).toBeGreaterThan(0);
      expect(type.credentials).toEqual([]);
    }
    if (type.credentials.some(({ required }) => required)) expect(type.probe?.key).not.toBeNull();
  });
});
