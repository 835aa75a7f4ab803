import { Type } from 'typebox';
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
