import { defineConfig } from 'vitest/config';

/** `unit` needs nothing but Node.js; `postgres` gets a server from test/support/global-setup.ts. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/plain-line-reporter.ts'],
    pool: 'forks',
    // One server serves all files, and a second worker already keeps two cores busy with it.
    maxWorkers: 2,
    teardownTimeout: 30_000,
    // A developer's own settings must neither help nor disturb: libpq's and dbctl's variables are taken away before each file.
    setupFiles: ['./test/support/clean-environment.ts'],
    // The built program is run as it is.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        // isolate: each module is loaded once per worker instead of once per file: a quarter less time.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 20_000, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/postgres/**/*.test.ts'],
          globalSetup: ['./test/support/global-setup.ts'],
          // Crash tests start servers of their own, twice the time of a loaded two-core machine.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          isolate: false,
        },
      },
    ],
  },
});
