import { type TSchema, Type } from 'typebox';

/** An id as this dialect shows it. */
export const Id = Type.String({ minLength: 1, description: 'Opaque.' });

/** `{id}` of a path. */
export const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

export const Timestamp = Type.String({ format: 'date-time' });

/** A number of the North American plan in E.164; area codes begin with 2 to 9. */
export const UsPhoneNumber = Type.String({
  pattern: '^\\+1[2-9][0-9]{9}$',
  examples: ['+14155550100'],
  description: 'US number in E.164 form.',
});

/** Not judged by the schema: whether an address is public is the core's to say. */
export const CallbackUrl = Type.String({
  minLength: 1,
  maxLength: 2048,
  description: 'Public HTTPS endpoint.',
});

export function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}

/** What the reference says of one operation. `security` left out is the dialect's own: an API key or a JWT. */
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
