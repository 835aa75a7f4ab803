import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { isJsonObject } from '#kernel/json';

/** Deeper JSON is refused: nothing we take nests further, and recursion over it stays bounded. */
const MAX_DEPTH = 40;

/**
 * Checks requests against typebox schemas. Bodies are taken as they are; in queries and paths, where everything is
 * text, `12` and `true` become what the schema asks for (`1.5` for an integer stays text and is refused), and defaults
 * are filled in. Text that no database can hold (NUL, lone surrogates) is refused everywhere.
 */
export const validator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const isText = httpPart !== 'body';
  return (given: unknown) => {
    const value = isText ? coerce(schema, given) : given;
    if (!isStorable(value)) return { error: [UNSTORABLE] };
    if (check.Check(value)) return { value };
    return { error: check.Errors(value) as FastifySchemaValidationError[] };
  };
};

const UNSTORABLE: FastifySchemaValidationError = {
  keyword: 'text',
  instancePath: '',
  schemaPath: '#',
  params: {},
  message: 'must be well-formed text without NUL characters, nested less deeply',
};

function coerce(schema: TSchema, given: unknown): unknown {
  const properties: unknown = 'properties' in schema ? schema.properties : undefined;
  if (!isJsonObject(properties) || typeof given !== 'object' || given === null) return given;
  const coerced: Record<string, unknown> = { ...given };
  for (const [name, property] of Object.entries(properties)) {
    if (!isJsonObject(property)) continue;
    const text = coerced[name];
    if (text === undefined && property.default !== undefined) coerced[name] = property.default;
    if (typeof text === 'string') coerced[name] = fromText(text, property.type);
  }
  return coerced;
}

function fromText(text: string, type: unknown): unknown {
  if (type === 'integer' && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === 'number' && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function isStorable(root: unknown): boolean {
  const open: [value: unknown, depth: number][] = [[root, 0]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [value, depth] = next;
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) return false;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= MAX_DEPTH) return false;
    for (const [key, inner] of Object.entries(value)) open.push([key, depth + 1], [inner, depth + 1]);
  }
  return true;
}
