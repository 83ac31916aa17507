import { existsSync } from 'node:fs'
import { defineConfig, devices } from '@playwright/test'

const KNOWN = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** Undefined lets Playwright look for a browser of its own. */
const executablePath = process.env.CHROMIUM_PATH ?? KNOWN.find((path) => existsSync(path))

const QUIET = [
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--disable-quic',
]

export default defineConfig({
  testDir: 'stories',
  outputDir: '../test-results',
  globalSetup: './setup/network.ts',
  fullyParallel: true,
  workers: 2,
  retries: process.env.CI ? 1 : 0,
  forbidOnly: Boolean(process.env.CI),
  // Generous, because a machine may be busy; nothing waits for longer than it has to.
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME ? [['list'], ['json']] : [['list']],
  use: {
    locale: 'en-GB',
    timezoneId: 'Europe/Vienna',
    trace: 'on-first-retry',
    screenshot: 'only-on-failure',
    actionTimeout: 60_000,
    navigationTimeout: 120_000,
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: { args: QUIET, ...(executablePath && { executablePath }) },
  },
  projects: [
    { name: 'desktop', use: { viewport: { width: 1440, height: 900 } } },
    {
      name: 'phone',
      // A phone has no keyboard.
      testIgnore: '**/keyboard.spec.ts',
      use: {
        userAgent: devices['Pixel 7'].userAgent,
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        isMobile: true,
        hasTouch: true,
      },
    },
  ],
})
