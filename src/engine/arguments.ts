import { isJsonObject, type Json, type JsonObject } from '#kernel/json';

/** Strings longer than this are not matched against a pattern: patterns are a tenant's, and may be slow. */
const MAX_PATTERN_CHARS = 2_000;
const MAX_DEPTH = 24;

/**
 * What is wrong with `value` by a JSON Schema (2020-12; type, enum, const, properties, required,
 * additionalProperties, items, prefixItems, the length, size and number limits, pattern, format, anyOf, oneOf, allOf,
 * not, local $ref), each as a sentence a model can act on; empty when nothing is. Unknown keywords are passed over.
 */
export function schemaProblems(schema: Json, value: Json): string[] {
  const root = isJsonObject(schema) ? schema : {};
  return problems({ schema, value, path: '', root, depth: 0 });
}

interface Check {
  schema: Json | undefined;
  value: Json;
  path: string;
  root: JsonObject;
  depth: number;
}

function problems(check: Check): string[] {
  const { schema, value, depth } = check;
  if (schema === false) return [`${named(check)} is not allowed`];
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return [];
  if (typeof schema.$ref === 'string')
    return problems({ ...check, schema: resolve(schema.$ref, check.root), depth: depth + 1 });
  const typeProblem = wrongType(check, schema);
  if (typeProblem) return [typeProblem];
  return [
    ...wrongChoice(check, schema),
    ...(typeof value === 'string' ? wrongString(check, schema, value) : []),
    ...(typeof value === 'number' ? wrongNumber(check, schema, value) : []),
    ...(Array.isArray(value) ? wrongArray(check, schema, value) : []),
    ...(isJsonObject(value) ? wrongObject(check, schema, value) : []),
    ...wrongCombination(check, schema),
  ];
}

function within(check: Check, step: { schema: Json | undefined; value: Json; at?: string }): string[] {
  const path = step.at === undefined ? check.path : check.path === '' ? step.at : `${check.path}.${step.at}`;
  return problems({ ...check, schema: step.schema, value: step.value, path, depth: check.depth + 1 });
}

function named(check: Check): string {
  return check.path === '' ? 'the arguments' : `\`${check.path}\``;
}

function resolve(ref: string, root: JsonObject): Json | undefined {
  if (!ref.startsWith('#')) return undefined;
  let at: Json | undefined = root;
  for (const step of ref.slice(1).split('/').filter(Boolean)) {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    at = isJsonObject(at) ? at[key] : undefined;
  }
  return at;
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

function wrongType(check: Check, schema: JsonObject): string | undefined {
  const types =
    typeof schema.type === 'string' ? [schema.type] : Array.isArray(schema.type) ? schema.type : [];
  if (types.length === 0 || (schema.nullable === true && check.value === null)) return undefined;
  const actual = typeOf(check.value);
  const fits = types.some(
    (type) => type === actual || (type === 'integer' && actual === 'number' && Number.isInteger(check.value)),
  );
  return fits ? undefined : `${named(check)} must be ${types.join(' or ')}, not ${actual}`;
}

function wrongChoice(check: Check, schema: JsonObject): string[] {
  const { value } = check;
  if (schema.const !== undefined && !isSame(schema.const, value)) {
    return [`${named(check)} must be ${JSON.stringify(schema.const)}`];
  }
  if (!Array.isArray(schema.enum) || schema.enum.some((choice) => isSame(choice, value))) return [];
  return [`${named(check)} must be one of ${schema.enum.map((choice) => JSON.stringify(choice)).join(', ')}`];
}

function isSame(a: Json, b: Json): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isSame(item, b[i]!));
  }
  if (!isJsonObject(a)) return a === b;
  if (!isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => b[key] !== undefined && isSame(a[key]!, b[key]))
  );
}

function wrongString(check: Check, schema: JsonObject, value: string): string[] {
  const found: string[] = [];
  const length = [...value].length;
  if (typeof schema.minLength === 'number' && length < schema.minLength) {
    found.push(`${named(check)} must have at least ${schema.minLength} characters`);
  }
  if (typeof schema.maxLength === 'number' && length > schema.maxLength) {
    found.push(`${named(check)} must have at most ${schema.maxLength} characters`);
  }
  if (typeof schema.pattern === 'string' && !matches(schema.pattern, value)) {
    found.push(`${named(check)} must match ${schema.pattern}`);
  }
  if (typeof schema.format === 'string' && FORMATS[schema.format]?.(value) === false) {
    found.push(`${named(check)} must be a valid ${schema.format}`);
  }
  return found;
}

function matches(pattern: string, value: string): boolean {
  if (value.length > MAX_PATTERN_CHARS) return false;
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:z|[+-]\d{2}:\d{2})?$/i;

const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  date: isDate,
  time: (value) => TIME.test(value),
  'date-time': (value) =>
    isDate(value.slice(0, 10)) && /^t$/i.test(value[10] ?? '') && TIME.test(value.slice(11)),
  email: (value) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value),
  uri: (value) => URL.canParse(value),
  uuid: (value) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  ipv4: (value) => /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(value),
};

function isDate(value: string): boolean {
  const parts = DATE.exec(value);
  if (!parts) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function wrongNumber(check: Check, schema: JsonObject, value: number): string[] {
  const found: string[] = [];
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && value < minimum)
    found.push(`${named(check)} must be at least ${minimum}`);
  if (typeof maximum === 'number' && value > maximum)
    found.push(`${named(check)} must be at most ${maximum}`);
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) {
    found.push(`${named(check)} must be more than ${exclusiveMinimum}`);
  }
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) {
    found.push(`${named(check)} must be less than ${exclusiveMaximum}`);
  }
  if (typeof multipleOf === 'number' && multipleOf > 0 && !isMultiple(value, multipleOf)) {
    found.push(`${named(check)} must be a multiple of ${multipleOf}`);
  }
  return found;
}

function isMultiple(value: number, of: number): boolean {
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9 * Math.max(1, Math.abs(quotient));
}

function wrongArray(check: Check, schema: JsonObject, value: readonly Json[]): string[] {
  const found: string[] = [];
  if (typeof schema.minItems === 'number' && value.length < schema.minItems) {
    found.push(`${named(check)} must have at least ${schema.minItems} items`);
  }
  if (typeof schema.maxItems === 'number' && value.length > schema.maxItems) {
    found.push(`${named(check)} must have at most ${schema.maxItems} items`);
  }
  if (
    schema.uniqueItems === true &&
    value.some((item, i) => value.slice(0, i).some((other) => isSame(item, other)))
  ) {
    found.push(`${named(check)} must not repeat items`);
  }
  const prefix = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
  for (const [i, item] of value.entries()) {
    found.push(...within(check, { schema: prefix[i] ?? schema.items, value: item, at: String(i) }));
  }
  return found;
}

function wrongObject(check: Check, schema: JsonObject, value: JsonObject): string[] {
  const found: string[] = [];
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  for (const key of Array.isArray(schema.required) ? schema.required : []) {
    if (typeof key === 'string' && !Object.hasOwn(value, key))
      found.push(`\`${pathTo(check, key)}\` is missing`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (Object.hasOwn(properties, key))
      found.push(...within(check, { schema: properties[key], value: item, at: key }));
    else if (schema.additionalProperties === false)
      found.push(`\`${pathTo(check, key)}\` is not a parameter`);
    else found.push(...within(check, { schema: schema.additionalProperties, value: item, at: key }));
  }
  return found;
}

function pathTo(check: Check, key: string): string {
  return check.path === '' ? key : `${check.path}.${key}`;
}

function wrongCombination(check: Check, schema: JsonObject): string[] {
  const { value } = check;
  const found: string[] = [];
  for (const part of Array.isArray(schema.allOf) ? schema.allOf : [])
    found.push(...within(check, { schema: part, value }));
  const fitting = (parts: readonly Json[]) =>
    parts.filter((part) => within(check, { schema: part, value }).length === 0);
  if (Array.isArray(schema.anyOf) && fitting(schema.anyOf).length === 0) {
    found.push(`${named(check)} fits none of the allowed forms`);
  }
  if (Array.isArray(schema.oneOf) && fitting(schema.oneOf).length !== 1) {
    found.push(`${named(check)} must fit exactly one of the allowed forms`);
  }
  if (schema.not !== undefined && within(check, { schema: schema.not, value }).length === 0) {
    found.push(`${named(check)} has a form that is not allowed`);
  }
  return found;
}
