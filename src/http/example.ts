import { isJsonObject, type Json, type JsonObject } from '#kernel/json';

const BY_FORMAT: Readonly<Record<string, string>> = {
  'date-time': '2026-05-12T15:00:00.000Z',
  date: '2026-05-12',
  email: 'john@company.com',
  uri: 'https://example.com',
  password: 'min8chars',
};

/**
 * A value of this JSON schema, to be shown: the schema's own example or default where it has one, else something plain
 * of the right type. Every property is there, so that a reader sees them all. Undefined for binary content.
 */
export function exampleOf(schema: unknown): Json | undefined {
  if (!isJsonObject(schema) || schema.contentEncoding !== undefined) return undefined;
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0]!;
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0]!;
  if (schema.default !== undefined) return schema.default;
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(alternatives)) return exampleOf(alternatives[0]);
  if (Array.isArray(schema.allOf)) {
    return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part) ?? {})) as JsonObject;
  }
  return plain(schema, Array.isArray(schema.type) ? schema.type[0] : schema.type);
}

function plain(schema: JsonObject, type: Json | undefined): Json {
  switch (type) {
    case 'object':
      return object(schema);
    case 'array': {
      const item = exampleOf(schema.items);
      return item === undefined ? [] : [item];
    }
    case 'string':
      return BY_FORMAT[String(schema.format)] ?? 'text';
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 0;
    case 'boolean':
      return true;
    default:
      return type === undefined ? {} : null;
  }
}

function object({ properties }: JsonObject): JsonObject {
  const shown: JsonObject = {};
  for (const [name, property] of Object.entries(isJsonObject(properties) ? properties : {})) {
    const value = exampleOf(property);
    if (value !== undefined) shown[name] = value;
  }
  return shown;
}
