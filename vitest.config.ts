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
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
