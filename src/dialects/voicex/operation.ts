import { type TSchema, Type } from 'typebox';
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

export function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
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
