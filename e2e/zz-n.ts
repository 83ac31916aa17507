import { existsSync } from 'node:fs'
import { chromium } from '@playwright/test'
import { signUp } from './flows/onboarding.ts'
const executablePath = ['/usr/bin/chromium'].find((p) => existsSync(p))
const browser = await chromium.launch({ args: ['--disable-gpu', '--disable-dev-shm-usage'], ...(executablePath && { executablePath }) })
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }
const mk = async (o = {}) => { const c = await browser.newContext({ baseURL: 'http://localhost:3000', viewport: { width: 1440, height: 900 }, ...o }); return c.newPage() }
const ann = await mk(); const bob = await mk(process.env.DESK ? {} : phone)
for (const p of [ann, bob]) await p.goto('/onboarding')
await signUp(ann, 'Gus Newcomer'); await signUp(bob, 'Hal Newcomer')
if (!process.env.NOGOTO) for (const p of [ann, bob]) { await p.goto('/home'); await p.waitForTimeout(3000) }
bob.on('response', async (r) => { if (r.url().includes('trpc') && !r.url().includes('live')) console.log('  R', r.request().method(), r.url().replace(/.*trpc/, '').slice(0, 90), (await r.text().catch(() => '')).match(/Third try \d+/)?.[0] ?? '-') })
bob.on('console', (m) => { if (m.type() === 'error') console.log('  console', m.text().slice(0, 200)) })
const list = async (p = bob) => p.locator('article[data-post]').evaluateAll((a) => a.slice(0, 4).map((x) => (x.getAttribute('aria-posinset') ?? '') + ' ' + (x.textContent ?? '').slice(0, 48)))
await ann.getByRole('textbox', { name: /post|mind/i }).first().click()
const text = `Third try ${Date.now()}`
await ann.keyboard.type(text)
await ann.getByRole('button', { name: 'Post', exact: true }).first().click()
const button = bob.getByRole('button', { name: /^See \d+ new posts?$/ })
await button.waitFor(); console.log('wanted', text, 'button', await button.textContent())
await button.click()
for (const ms of [100, 1000, 3000]) { await bob.waitForTimeout(ms); console.log(ms, await list(), 'button', await button.count()) }
await browser.close()
