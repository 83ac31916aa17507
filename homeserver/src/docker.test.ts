import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '@pubky/server-kit'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { completeConfig, configProblems, homeserverSettings } from './config.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (name: string) => readFileSync(join(ROOT, name), 'utf8')

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  env_file?: string
  environment?: Record<string, string>
  depends_on?: string[] | Record<string, { condition: string }>
  volumes?: string[]
  ports?: string[]
}

const compose = parse(read('docker-compose.yml')) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}

const SERVICE_KEYS = new Set(
  'image build restart stop_grace_period depends_on env_file environment volumes ports healthcheck command profiles'.split(
    ' ',
  ),
)

/** What compose makes of `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function filled(text: string, env: Record<string, string>): string {
  return text.replaceAll(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name, kind, rest) => {
    const value = env[name] ?? (kind === '-' ? rest : undefined)
    if (value === undefined) throw new RangeError(`${name} is not set`)
    return value
  })
}

/** Node itself reads them. */
const NODE_NAMES = ['NODE_ENV', 'UV_THREADPOOL_SIZE']

const ENV = {
  POSTGRES_PASSWORD: 'p',
  DOMAIN: 'home.example',
  PUBLIC_IP: '203.0.113.7',
  ADMIN_PASSWORD: 'a',
}

test('services of docker-compose.yml are whole, and name only what is there', () => {
  expect(Object.keys(compose).sort()).toEqual(['name', 'services', 'volumes'])
  for (const [name, service] of Object.entries(compose.services)) {
    for (const key of Object.keys(service))
      expect([name, SERVICE_KEYS.has(key)]).toEqual([name, true])
    expect([name, (service.image ?? service.build) !== undefined]).toEqual([name, true])
    if (service.build) expect(existsSync(join(ROOT, service.build.dockerfile))).toBe(true)
    const needed = service.depends_on ?? []
    const names = Array.isArray(needed) ? needed : Object.keys(needed)
    for (const other of names) expect(Object.keys(compose.services)).toContain(other)
    for (const volume of service.volumes ?? [])
      expect(Object.keys(compose.volumes)).toContain(volume.split(':')[0])
    for (const port of service.ports ?? []) expect(port).toMatch(/^(127\.0\.0\.1:)?\d+:\d+$/)
  }
})

test('the homeserver of docker-compose.yml has settings that it knows, without problems', () => {
  const given = Object.entries(compose.services.homeserver?.environment ?? {})
  const known = new Set(Object.values(homeserverSettings).map(({ env }) => env))
  for (const [name] of given) expect([name, known.has(name)]).toEqual([name, true])
  const env = Object.fromEntries(given.map(([name, value]) => [name, filled(value, ENV)]))
  const config = completeConfig(loadConfig(homeserverSettings, { env, check: configProblems }))
  expect(config).toMatchObject({
    databaseUrl: 'postgres://pubky:p@postgres:5432/homeserver',
    icannDomain: 'home.example',
    signupMode: 'token_required',
    blobStore: 'postgres',
    defaultQuotaMb: 1000,
  })
  expect(() => filled(compose.services.homeserver?.environment?.ICANN_DOMAIN ?? '', {})).toThrow()
})

test('the Dockerfile copies what the repository and the build have, and sets what the server knows', () => {
  const lines = read('homeserver/Dockerfile').split('\n')
  const built = new Set([
    'node_modules',
    'dist/homeserver.js',
    'dist/homeserver-move-blobs.js',
    'dist/homeserver-admin',
  ])
  const copied = lines
    .filter((line) => line.startsWith('COPY --from=build'))
    .flatMap((line) => line.split(' ').slice(2, -1))
    .map((path) => path.replace('/pubky/', ''))
  expect(copied.length).toBeGreaterThan(5)
  for (const path of copied)
    expect([path, built.has(path) || existsSync(join(ROOT, path))]).toEqual([path, true])
  const entries = read('scripts/build.mjs')
  for (const name of ['homeserver', 'homeserver-move-blobs'])
    expect(entries).toMatch(new RegExp(`^  '?${name}'?: 'homeserver/src/bin/`, 'm'))
  const known = new Set<string>(Object.values(homeserverSettings).map(({ env }) => env))
  const set = lines
    .filter((line) => line.startsWith('ENV '))
    .flatMap((line) => line.slice(4).split(' '))
    .map((pair) => pair.split('=')[0] ?? '')
  for (const name of set)
    expect([
      name,
      known.has(name) || [...NODE_NAMES, 'HOMESERVER_MIGRATIONS'].includes(name),
    ]).toEqual([name, true])
})

test('every setting can stand in .env, from which compose and the server read', () => {
  expect(compose.services.homeserver?.env_file).toBe('.env')
  expect(read('docs/run-a-homeserver.md')).toContain('Everything can be set in `.env`')
})

test('the guide names settings that there are', () => {
  const guide = read('docs/run-a-homeserver.md')
  const known = new Set<string>(Object.values(homeserverSettings).map(({ env }) => env))
  const own = ['DOMAIN', 'POSTGRES_PASSWORD', 'CONFIG_FILE', 'NAME']
  const named = [...guide.matchAll(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g)].map(([name]) => name)
  expect(named.length).toBeGreaterThan(10)
  for (const name of named)
    expect([name, known.has(name) || own.includes(name)]).toEqual([name, true])
})
