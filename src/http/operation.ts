import { type Static, type TSchema, Type } from 'typebox';

/** What a dialect's reference says of one operation. `security` left out is the dialect's own. */
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

/** The schema, or null: as one more type or word where that can be said, which costs nothing when an answer is written. */
export function nullable<S extends TSchema>(schema: S) {
  const { type, enum: words } = schema as { type?: unknown; enum?: unknown[] };
  if (typeof type === 'string' && type !== 'object')
    return Type.Unsafe<Static<S> | null>({ ...schema, type: [type, 'null'] });
  if (words) return Type.Unsafe<Static<S> | null>({ ...schema, enum: [...words, null] });
  return Type.Unsafe<Static<S> | null>({ anyOf: [schema, { type: 'null' }] });
}
