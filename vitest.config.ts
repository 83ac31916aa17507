import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: [
      'e2e/official-sdk/**/*.test.ts',
      '{packages/*,homeserver,pkdns,http-relay,nexus,stack,bench}/src/**/*.test.ts',
      'web/src/**/*.test.{ts,tsx}',
    ],
    globalSetup: ['./vitest.setup.ts'],
    maxWorkers: 2,
    env: { LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent' },
    // For a machine ten times slower than a busy one: what never comes is found by these, and nothing else is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000, interval: 50 } },
  },
})
