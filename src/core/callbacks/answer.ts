import type { HttpTool } from '#core/assistants/assistant';
import { httpTools } from '#core/assistants/edit';
import type { CallBrief } from '#core/callbacks/brief';
import { flagField, invalid, languageField, objectField, textField, wordField } from '#core/fields';
import type { OutboundHttp } from '#core/ports';
import { variablesField } from '#core/variables';
import { DomainError } from '#kernel/errors';
import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';

/** What a start callback answered, its form checked; models and agent are names still. */
export type BackendAnswer =
  | { readonly does: 'go on' }
  | { readonly does: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly does: 'brief'; readonly brief: CallBrief; readonly names: AnsweredNames };

/** Words of the answer that only the tenant's own assistants and providers can give a meaning. */
export interface AnsweredNames {
  readonly agentId?: unknown;
  readonly model?: unknown;
  readonly voice?: unknown;
  readonly transcriber?: unknown;
}

type UrlRules = Pick<OutboundHttp, 'checkUrl'>;

const PROMPT_CHARS = 50_000;
const SPOKEN_CHARS = 2_000;
const METADATA_CHARS = 16_000;
const NAMES = ['agentId', 'model', 'voice', 'transcriber'] as const;

/**
 * Reads the body of an answer. What is empty, or says nothing that is known here, is `go on`; unknown fields and nulls
 * are passed over. Throws `invalid`, with the field where it is one, for anything wrong: there is no half an answer.
 */
export function readAnswer(body: string, urls: UrlRules): BackendAnswer {
  if (body.trim() === '') return { does: 'go on' };
  const parsed = parseJson(body);
  if (parsed === null) return { does: 'go on' };
  if (!isJsonObject(parsed)) throw new DomainError('invalid', 'The answer must be a JSON object, or empty.');
  const given = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null));
  const reason = rejection(given.reject);
  if (reason) return { does: 'reject', reason };
  const brief = readBrief(given, urls);
  const named = NAMES.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]);
  if (Object.keys(brief).length + named.length === 0) return { does: 'go on' };
  return { does: 'brief', brief, names: Object.fromEntries(named) };
}

const REASONS = ['busy', 'rejected'] as const;

function rejection(given: unknown): (typeof REASONS)[number] | null {
  if (given === undefined) return null;
  if (!isJsonObject(given)) return flagField(given, 'reject') ? 'rejected' : null;
  return wordField(given.reason ?? 'rejected', 'reject.reason', REASONS);
}

function readBrief(given: JsonObject, urls: UrlRules): CallBrief {
  const { systemPrompt, firstMessage, language, tools, variables, metadata, voicemailMessage } = given;
  const spoken = (value: unknown, field: string, empty: boolean) =>
    textField(value, field, { max: SPOKEN_CHARS, empty });
  return {
    ...(systemPrompt !== undefined && {
      systemPrompt: textField(systemPrompt, 'systemPrompt', { max: PROMPT_CHARS }),
    }),
    ...(firstMessage !== undefined && { firstMessage: spoken(firstMessage, 'firstMessage', true) }),
    ...(language !== undefined && { language: languageField(language, 'language') }),
    ...(tools !== undefined && { tools: readTools(tools, urls) }),
    ...(variables !== undefined && { variables: variablesField(variables, 'variables') }),
    ...(metadata !== undefined && { metadata: objectField(metadata, 'metadata', METADATA_CHARS) }),
    ...(voicemailMessage !== undefined && {
      voicemailMessage: spoken(voicemailMessage, 'voicemailMessage', false),
    }),
  };
}

/** What a tool has where the backend said nothing of it. */
const TOOL: Omit<HttpTool, 'name' | 'url'> = {
  description: '',
  parameters: { type: 'object', properties: {} },
  method: 'POST',
  headers: {},
  timeoutMs: 10_000,
  whenInterrupted: 'finish',
};

function readTools(given: unknown, urls: UrlRules): readonly HttpTool[] {
  if (!Array.isArray(given)) throw invalid('tools', 'tools must be a list.');
  const whole = given.map((tool, at) => {
    if (!isJsonObject(tool)) throw invalid(`tools[${at}]`, `tools[${at}] must be an object.`);
    const said = Object.entries(tool).filter(([, value]) => value !== null);
    // Each field is checked by `httpTools`, whatever it holds.
    return { ...TOOL, ...Object.fromEntries(said) } as unknown as HttpTool;
  });
  return httpTools(whole, 'tools', urls);
}
