import { defineConfig } from 'vitest/config';

const SOAK = 'test/system/soak.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'tests',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'test/**/*.call.ts'],
          exclude: ['**/node_modules/**', SOAK],
          globalSetup: ['test/support/postgres.ts'],
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Twenty calls at once take the whole machine: after everything else, alone.
        test: { name: 'soak', include: [SOAK], sequence: { groupOrder: 1 } },
      },
    ],
    maxWorkers: 2,
  },
});
