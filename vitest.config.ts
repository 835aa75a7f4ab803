import { defineConfig } from 'vitest/config';

/** Twenty calls at once, and audio measured to the millisecond: after everything else, alone. */
const ALONE = ['soak', 'real-call'].map((name) => `test/system/${name}.test.ts`);
/** These start servers and browsers, speak in real time and wait for the most part. */
const SLOW = ['system', 'browser', 'state', 'gateways'].map((room) => `test/${room}/**/*.test.ts`);

const shared = {
  globalSetup: ['test/support/postgres.ts'],
  testTimeout: 30_000,
  hookTimeout: 120_000,
  // Files of one worker share their modules: loading them anew for each took longer than the tests.
  isolate: false,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'quick',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'test/**/*.call.ts'],
          exclude: ['**/node_modules/**', ...SLOW],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...shared,
          name: 'slow',
          include: SLOW,
          exclude: ALONE,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: { ...shared, name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
