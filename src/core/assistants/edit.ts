import type {
  Assistant,
  AssistantTools,
  HttpTool,
  LlmConfig,
  Persona,
  Thresholds,
  TransferDestination,
  TtsConfig,
} from '#core/assistants/assistant';
import type { AssistantEdit } from '#core/assistants/draft';
import {
  e164Field,
  flagField,
  invalid,
  languageField,
  numberField,
  objectField,
  textField,
  timezoneField,
  wholeField,
  wordField,
} from '#core/fields';
import type { OutboundHttp } from '#core/ports';
import { variablesField } from '#core/variables';

type UrlRules = Pick<OutboundHttp, 'checkUrl'>;

const PROMPT_CHARS = 50_000;
const KNOWLEDGE_CHARS = 200_000;
const MAX_TOOLS = 32;

/**
 * The assistant as it would be after the edit, providers and models apart; nested blocks are merged. Throws `invalid`
 * with the field, in the words of the edit (`thresholds.endpointingMs`).
 */
export function editAssistant(before: Assistant, edit: AssistantEdit, urls: UrlRules): Assistant {
  const { recording = {} } = edit;
  const changed = <K extends keyof AssistantEdit, T>(key: K, old: T, check: (value: unknown) => T): T =>
    edit[key] === undefined ? old : check(edit[key]);
  return {
    ...before,
    name: changed('name', before.name, (value) => textField(value, 'name', { max: 200 })),
    persona: persona(before.persona, edit.persona ?? {}),
    llmConfig: llmConfig(before.llmConfig, edit.llmConfig ?? {}),
    ttsConfig: ttsConfig(before.ttsConfig, edit.ttsConfig ?? {}),
    thresholds: thresholds(before.thresholds, edit.thresholds ?? {}),
    active: changed('active', before.active, (value) => flagField(value, 'active')),
    firstMessageMode: changed('firstMessageMode', before.firstMessageMode, (value) =>
      wordField(value, 'firstMessageMode', ['assistant', 'caller', 'model']),
    ),
    knowledge: changed('knowledge', before.knowledge, (value) =>
      textField(value, 'knowledge', { max: KNOWLEDGE_CHARS, empty: true }),
    ),
    tools: tools(before.tools, edit.tools ?? {}, urls),
    variables: changed('variables', before.variables, (value) => variablesField(value, 'variables')),
    recording: {
      enabled: flagField(recording.enabled ?? before.recording.enabled, 'recording.enabled'),
      announce: flagField(recording.announce ?? before.recording.announce, 'recording.announce'),
    },
    transferOnFailureTo: changed('transferOnFailureTo', before.transferOnFailureTo, (value) =>
      value === null ? null : e164Field(value, 'transferOnFailureTo'),
    ),
    timezone: changed('timezone', before.timezone, (value) =>
      value === null ? null : timezoneField(value, 'timezone'),
    ),
    endedWebhookUrl: changed('endedWebhookUrl', before.endedWebhookUrl, (value) =>
      value === null ? null : publicUrl(value, 'endedWebhookUrl', urls),
    ),
  };
}

function persona(before: Persona, edit: Partial<Persona>): Persona {
  const text = (key: keyof Persona, max: number) =>
    edit[key] === undefined ? before[key] : textField(edit[key], `persona.${key}`, { max, empty: true });
  return {
    systemPrompt: text('systemPrompt', PROMPT_CHARS),
    greeting: text('greeting', 2_000),
    personality: text('personality', 2_000),
    language:
      edit.language === undefined ? before.language : languageField(edit.language, 'persona.language'),
    guardrails: text('guardrails', 10_000),
  };
}

function llmConfig(before: LlmConfig, edit: LlmConfig): LlmConfig {
  const temperature = edit.temperature ?? before.temperature;
  const maxTokens = edit.maxTokens ?? before.maxTokens;
  return {
    ...(temperature === undefined
      ? {}
      : { temperature: numberField(temperature, 'llmConfig.temperature', { min: 0, max: 2 }) }),
    ...(maxTokens === undefined
      ? {}
      : { maxTokens: wholeField(maxTokens, 'llmConfig.maxTokens', { min: 1, max: 32_768 }) }),
  };
}

function ttsConfig(before: TtsConfig, edit: TtsConfig): TtsConfig {
  const speed = edit.speed ?? before.speed;
  return speed === undefined ? {} : { speed: numberField(speed, 'ttsConfig.speed', { min: 0.25, max: 4 }) };
}

function thresholds(before: Thresholds, edit: Partial<Thresholds>): Thresholds {
  const { silenceTimeoutMs, maxCallDurationSec, interruptionSensitivity, endpointingMs } = {
    ...before,
    ...edit,
  };
  return {
    silenceTimeoutMs: wholeField(silenceTimeoutMs, 'thresholds.silenceTimeoutMs', { min: 100, max: 10_000 }),
    maxCallDurationSec:
      maxCallDurationSec === null
        ? null
        : wholeField(maxCallDurationSec, 'thresholds.maxCallDurationSec', { min: 10, max: 86_400 }),
    interruptionSensitivity: wordField(interruptionSensitivity, 'thresholds.interruptionSensitivity', [
      'low',
      'medium',
      'high',
    ]),
    endpointingMs: wholeField(endpointingMs, 'thresholds.endpointingMs', { min: 0, max: 5_000 }),
  };
}

function tools(before: AssistantTools, edit: Partial<AssistantTools>, urls: UrlRules): AssistantTools {
  const http = edit.http === undefined ? before.http : httpTools(edit.http, 'tools.http', urls);
  const transfers = list(
    { edit: edit.transfers, before: before.transfers, field: 'tools.transfers' },
    destination,
  );
  return {
    http,
    transfers,
    calendar: flagField(edit.calendar ?? before.calendar, 'tools.calendar'),
    messages: flagField(edit.messages ?? before.messages, 'tools.messages'),
  };
}

/** HTTP functions as their owner gives them, each name once. Throws `invalid` with the field, such as `tools[1].url`. */
export function httpTools(given: readonly HttpTool[], field: string, urls: UrlRules): readonly HttpTool[] {
  const http = list({ edit: given, before: [], field }, (tool, at) => httpTool(tool, at, urls));
  const names = http.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(field, `Two tools have the name ${twice}.`);
  return http;
}

function list<T>(given: Given<T>, check: (item: T, field: string) => T): readonly T[] {
  const { edit, before, field } = given;
  if (edit === undefined) return before;
  if (!Array.isArray(edit)) throw invalid(field, `${field} must be a list.`);
  if (edit.length > MAX_TOOLS) throw invalid(field, `${field} must have at most ${MAX_TOOLS} entries.`);
  return edit.map((item, at) => check(item, `${field}[${at}]`));
}

interface Given<T> {
  edit: readonly T[] | undefined;
  before: readonly T[];
  field: string;
}

function httpTool(tool: HttpTool, field: string, urls: UrlRules): HttpTool {
  const parameters = objectField(tool.parameters, `${field}.parameters`, 32_000);
  if (parameters.type !== 'object') {
    throw invalid(`${field}.parameters`, `${field}.parameters must be a JSON Schema of type object.`);
  }
  return {
    name: toolName(tool.name, `${field}.name`),
    description: textField(tool.description, `${field}.description`, { max: 2_000, empty: true }),
    parameters,
    method: wordField(tool.method, `${field}.method`, ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
    url: toolUrl(tool.url, `${field}.url`, urls),
    headers: headers(tool.headers, `${field}.headers`),
    timeoutMs: wholeField(tool.timeoutMs, `${field}.timeoutMs`, { min: 500, max: 60_000 }),
    whenInterrupted: wordField(tool.whenInterrupted, `${field}.whenInterrupted`, ['abort', 'finish']),
  };
}

function toolName(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(value)) return value;
  throw invalid(field, `${field} must be a word of letters, digits, _ and -.`);
}

/** Placeholders may stand anywhere but in scheme, host and port: where a request goes is the owner's to say. */
function toolUrl(value: unknown, field: string, urls: UrlRules): string {
  const url = textField(value, field, { max: 2_000 });
  const [, origin = ''] = /^([a-z]+:\/\/[^/?#]*)/i.exec(url) ?? [];
  if (origin.includes('{')) throw invalid(field, `${field} must name its host without placeholders.`);
  urls.checkUrl(url.replace(/\{\{[^}]*\}\}/g, 'x'), field);
  return url;
}

function publicUrl(value: unknown, field: string, urls: UrlRules): string {
  const url = textField(value, field, { max: 2_000 });
  urls.checkUrl(url, field);
  return url;
}

function headers(value: unknown, field: string): Record<string, string> {
  const checked: Record<string, string> = {};
  for (const [name, text] of Object.entries(objectField(value, field, 16_000))) {
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name))
      throw invalid(field, `${field} has a name no header can have.`);
    if (typeof text !== 'string' || /[\r\n\0]/.test(text))
      throw invalid(field, `${field} must hold texts of one line.`);
    checked[name] = text;
  }
  return checked;
}

function destination(given: TransferDestination, field: string): TransferDestination {
  return {
    name: textField(given.name, `${field}.name`, { max: 100 }),
    to: e164Field(given.to, `${field}.to`),
    description: textField(given.description, `${field}.description`, { max: 1_000, empty: true }),
  };
}
