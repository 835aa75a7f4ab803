import type { ToolSpec } from '#engine/ports';
import { isJsonObject, type Json, type JsonObject } from '#kernel/json';
import { passageIndex } from '#kernel/passage-index';
import { contentTerms } from '#kernel/terms';

/** What a tool is for, as far as its name and description tell. */
export type ToolRole =
  | 'slots'
  | 'book'
  | 'transfer'
  | 'endCall'
  | 'message'
  | 'knowledge'
  | 'other'
  | 'unused';

export type ParamKind =
  | 'name'
  | 'phone'
  | 'email'
  | 'date'
  | 'time'
  | 'dateTime'
  | 'count'
  | 'choice'
  | 'yesNo'
  | 'text'
  | 'zone';

export interface Param {
  readonly name: string;
  readonly kind: ParamKind;
  readonly required: boolean;
  /** Its name as words: `party size`. */
  readonly label: string;
  readonly description: string;
  readonly choices: readonly string[];
  /** The value it has without asking: a default, a constant, the only choice. */
  readonly fixed: Json | undefined;
  readonly isNumber: boolean;
}

export interface KnownTool {
  readonly name: string;
  readonly role: ToolRole;
  readonly label: string;
  readonly params: readonly Param[];
  /** Whether it changes something, so that the caller confirms first. */
  readonly confirms: boolean;
}

export interface ToolKit {
  byName(name: string): KnownTool | undefined;
  byRole(role: ToolRole): KnownTool | undefined;
  /** The tool of the tenant's own that an utterance asks for; null when none clearly does. */
  match(text: string): KnownTool | null;
  readonly all: readonly KnownTool[];
}

const MATCH_COVERAGE = 0.6;

/** Reads tools by what they are for and what they need; works from their specifications alone. */
export function readTools(specs: readonly ToolSpec[]): ToolKit {
  const all = specs.map(readTool);
  const own = all.filter(({ role }) => role === 'other');
  const index = passageIndex(
    own.map((tool) => ({
      text: specs.find(({ name }) => name === tool.name)?.description ?? '',
      heading: tool.label,
    })),
  );
  return {
    all,
    byName: (name) => all.find((tool) => tool.name === name),
    byRole: (role) => all.find((tool) => tool.role === role),
    match(text) {
      const [hit] = index.search(text, 1);
      const tool = hit && own[hit.at];
      if (!hit || !tool) return null;
      const shared = contentTerms(text).filter((term) => contentTerms(tool.label).includes(term)).length;
      return (hit.coverage >= MATCH_COVERAGE && contentTerms(text).length >= 2) || shared >= 2 ? tool : null;
    },
  };
}

const words = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_\-.]+/g, ' ')
    .toLowerCase()
    .trim();

function readTool({ name, description, parameters }: ToolSpec): KnownTool {
  const label = words(name);
  const role = roleOf(label, description.toLowerCase());
  const changes =
    /\b(?:book|create|order|cancel|update|submit|pay|charge|delete|place|reschedule|register|sign|add|remove|change|send|reserve|schedule)\b/.test(
      label,
    );
  return {
    name,
    role,
    label,
    params: readParams(parameters),
    confirms: role === 'book' || (role === 'other' && changes),
  };
}

function roleOf(label: string, description: string): ToolRole {
  if (
    /\b(?:end|hang ?up|finish|terminate)\b.*\b(?:call|up)?\b/.test(label) &&
    /\b(?:call|hang|conversation)\b/.test(label)
  )
    return 'endCall';
  if (/dtmf|\bpress keys?\b|\bsend digits\b|\bcollect digits\b|\bkeypad\b/.test(label)) return 'unused';
  if (
    /\b(?:transfer|forward|hand ?off|escalate)\b/.test(label) ||
    /\bconnect\b.*\b(?:human|agent|person)\b/.test(label)
  )
    return 'transfer';
  if (/\b(?:take|leave|record|save)\b.*\b(?:message|note|voicemail)\b/.test(label)) return 'message';
  if (
    /\bknowledge\b|\bfaqs?\b|\b(?:search|query)\b.*\b(?:docs?|documents?|kb|base|info(?:rmation)?)\b/.test(
      label,
    )
  )
    return 'knowledge';
  const looks = /\b(?:get|list|check|find|search|fetch|show|lookup|query)\b/.test(label);
  if (/\b(?:cancel|reschedule|delete|update|change)\b/.test(label)) return 'other';
  if (
    /\bslots?\b|\bavailab|\bfree times?\b|\bopenings\b/.test(label) &&
    !/\b(?:book|create|reserve)\b/.test(label)
  )
    return 'slots';
  const subject = /\b(?:appointment|booking|reservation|meeting|visit|table|slot|event|calendar)s?\b/;
  if (!looks && /\b(?:book|schedule|reserve)\b/.test(label)) return 'book';
  if (!looks && /\b(?:create|make|add|set)\b/.test(label) && subject.test(label)) return 'book';
  if (looks && subject.test(label) && /\b(?:free|available|open)\b/.test(description)) return 'slots';
  return 'other';
}

/* ---------- parameters ---------- */

function readParams(schema: JsonObject): Param[] {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, property]) =>
    readParam(name, isJsonObject(property) ? property : {}, required.includes(name)),
  );
}

function readParam(name: string, property: JsonObject, required: boolean): Param {
  const label = words(name);
  const description = typeof property.description === 'string' ? property.description : '';
  const choices = Array.isArray(property.enum)
    ? property.enum.filter((choice) => typeof choice === 'string')
    : [];
  const type = Array.isArray(property.type) ? property.type.find((each) => each !== 'null') : property.type;
  const fixed =
    property.const ?? property.default ?? (required && choices.length === 1 ? choices[0] : undefined);
  const isNumber = type === 'integer' || type === 'number';
  const kind =
    choices.length > 0
      ? 'choice'
      : type === 'boolean'
        ? 'yesNo'
        : kindOf(label, description.toLowerCase(), { isNumber, format: property.format });
  return { name, kind, required, label, description, choices, fixed, isNumber };
}

function kindOf(
  label: string,
  description: string,
  hint: { isNumber: boolean; format: Json | undefined },
): ParamKind {
  const is = (pattern: RegExp) => pattern.test(label);
  if (is(/\btime ?zone\b/)) return 'zone';
  if (hint.format === 'date-time' || is(/\b(?:date ?time|start(?: (?:time|at|date))?|starts at|when|slot)\b/))
    return 'dateTime';
  if (hint.format === 'email' || is(/\be ?-?mail\b/)) return 'email';
  if (is(/\b(?:phone|telephone|mobile|cell|contact number|callback)\b/)) return 'phone';
  if (hint.format === 'date' || is(/\b(?:date|day)\b/)) return 'date';
  if (hint.format === 'time' || is(/\b(?:time|hour)\b/)) return 'time';
  if (hint.isNumber || is(/\b(?:party size|guests|people|quantity|count|number of .*)\b/)) return 'count';
  if (is(/\bname\b/) && !is(/\b(?:product|item|service|company|business|file)\b/)) return 'name';
  if (is(/\b(?:caller|customer|patient|client|guest|attendee)\b/) && /\bname\b/.test(description))
    return 'name';
  return 'text';
}
