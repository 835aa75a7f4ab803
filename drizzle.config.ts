import { defineConfig } from 'drizzle-kit';

/** `npx drizzle-kit generate` writes the SQL for what changed in the tables since the last migration. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/adapters/db/tables/*.ts',
  out: './src/adapters/db/migrations',
});
