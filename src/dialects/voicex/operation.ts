import { type Static, type TSchema, Type } from 'typebox';
import type { JsonObject } from '#kernel/json';

/** An id as this dialect shows it. */
export const Id = Type.String({
  minLength: 1,
  description: 'Opaque.',
  examples: ['asst_01kb4x2v7m000f3q9w8e5r6t7y'],
});

/** `{id}` of a path. */
export const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

/** Any JSON object, kept whole. */
export const OpenObject = Type.Unsafe<JsonObject>({ type: 'object', additionalProperties: true });

export const Timestamp = Type.String({ format: 'date-time' });

export const Category = Type.Enum(['llm', 'tts', 'stt']);

/** The answer to deleting and revoking. */
export const Done = Type.Object({}, { description: 'Done.' });

/** The schema, or null: as one more type or word where that can be said, which costs nothing when an answer is written. */
export function nullable<S extends TSchema>(schema: S) {
  const { type, enum: words } = schema as { type?: unknown; enum?: unknown[] };
  if (typeof type === 'string' && type !== 'object')
    return Type.Unsafe<Static<S> | null>({ ...schema, type: [type, 'null'] });
  if (words) return Type.Unsafe<Static<S> | null>({ ...schema, enum: [...words, null] });
  return Type.Unsafe<Static<S> | null>({ anyOf: [schema, { type: 'null' }] });
}

/** What the reference says of one operation. `security` left out is the dialect's own: a JWT or an API key. */
export interface OperationWords {
  readonly operationId: string;
  readonly tags: readonly [string];
  readonly summary: string;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

/** `operationId`, tag and summary of an operation. */
export function operation(operationId: string, tag: string, summary: string): OperationWords {
  return { operationId, tags: [tag], summary };
}

/** The same for one that takes no credential. */
export function publicOperation(operationId: string, tag: string, summary: string): OperationWords {
  return { ...operation(operationId, tag, summary), security: [] };
}
