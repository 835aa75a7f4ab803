import { Type } from 'typebox';

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
