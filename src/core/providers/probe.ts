import type { OutboundHttp, OutboundResponse } from '#core/ports';
import type { ProviderProbe, ProviderType } from '#core/providers/catalogue';
import type { OpenedProvider, Provider } from '#core/providers/provider';
import { DomainError } from '#kernel/errors';
import { isJsonObject, type Json, parseJson } from '#kernel/json';

/** What came of asking the vendor. Holds neither the key nor the vendor's own words, which may repeat it. */
export interface ProbeResult {
  readonly outcome: 'ok' | 'refused' | 'rate_limited' | 'unavailable' | 'unexpected';
  readonly message: string;
  /** What the vendor answered; null without an answer. */
  readonly status: number | null;
  readonly tookMs: number;
  /** Models of the provider that the vendor does not list for this key. */
  readonly unknownModels: readonly string[];
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

interface Subject {
  readonly type: ProviderType;
  readonly provider: Provider;
  readonly credentials: OpenedProvider['credentials'];
  readonly http: Pick<OutboundHttp, 'fetch'>;
  readonly nowMs: () => number;
}

/** Asks the provider's vendor with the provider's own key. Rejects only when aborted. */
export async function probeProvider(subject: Subject, signal: AbortSignal): Promise<ProbeResult> {
  const { type, provider, nowMs } = subject;
  const startMs = nowMs();
  const tell = (outcome: ProbeResult['outcome'], words: string, status: number | null = null) => ({
    outcome,
    message: `${type.name} ${words}`,
    status,
    tookMs: Math.round(nowMs() - startMs),
    unknownModels: [],
  });
  if (type.probe === null) return tell('ok', 'is part of this server: there is nobody to ask.');
  let answer: OutboundResponse;
  try {
    answer = await subject.http.fetch(requestOf(subject, type.probe), signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const isOurs = error instanceof DomainError && error.code === 'invalid';
    return tell('unavailable', isOurs ? `cannot be asked: ${error.publicMessage}` : 'did not answer.');
  }
  const { status } = answer;
  if (status === 401 || status === 403) return tell('refused', `refused the key (${status}).`, status);
  if (status === 429) return tell('rate_limited', 'takes no more requests right now (429).', status);
  if (status >= 500) return tell('unavailable', `is out of order (${status}).`, status);
  if (status !== 200)
    return tell('unexpected', `answered ${status}: the address may not be its API.`, status);
  const listed = listedIds(type.probe, answer.body);
  if (listed === null)
    return tell('unexpected', 'answered something else than a list: the address may not be its API.', status);
  const unknownModels = provider.models.flatMap(({ modelId }) => (listed.has(modelId) ? [] : modelId));
  const isAll = type.probe.lists === null || unknownModels.length === 0;
  const words = isAll ? 'took the key.' : 'took the key, but does not list every model.';
  return { ...tell('ok', words, status), unknownModels: type.probe.lists === null ? [] : unknownModels };
}

function requestOf({ type, provider, credentials }: Subject, probe: ProviderProbe) {
  const { baseUrl } = provider.settings;
  const base = typeof baseUrl === 'string' && baseUrl !== '' ? baseUrl : (type.baseUrl ?? '');
  const key = credentials.apiKey ?? '';
  return {
    url: `${base.replace(/^ws/, 'http').replace(/\/+$/, '')}${probe.path}`,
    method: 'GET' as const,
    headers: {
      accept: 'application/json',
      ...probe.headers,
      ...(probe.key && key !== '' ? { [probe.key.header]: `${probe.key.scheme}${key}` } : {}),
    },
    body: null,
    timeoutMs: TIMEOUT_MS,
    maxResponseBytes: MAX_ANSWER_BYTES,
  };
}

/** Ids in the answer, with and without a kind before them (`models/gemini-2.5-pro`); null where there is no such list. */
function listedIds({ lists }: ProviderProbe, body: string): ReadonlySet<string> | null {
  const answer = parseJson(body);
  if (lists === null) return answer === undefined ? null : new Set();
  const list: Json | undefined = isJsonObject(answer) ? answer[lists.list] : answer;
  if (!Array.isArray(list)) return null;
  return new Set(
    list.flatMap((entry) => {
      const id = isJsonObject(entry) ? entry[lists.id] : null;
      return typeof id === 'string' ? [id, id.replace(/^[a-z]+\//, '')] : [];
    }),
  );
}
