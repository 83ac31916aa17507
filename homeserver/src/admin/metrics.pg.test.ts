import { expect, test } from 'vitest'
import { oneServer } from '../testing/fixture.ts'
import { openEvents } from '../testing/http.ts'
import { cookieSignUp, person, settle } from '../testing/people.ts'
import { startTestServer } from '../testing/server.ts'

const { database, server } = await oneServer({ config: { metricsPort: 0 } })

async function scrape(): Promise<string> {
  const answer = await fetch(`${server.running.urls.metrics}/metrics`)
  expect(answer.headers.get('content-type')).toContain('text/plain')
  return answer.text()
}

/** The value of a sample, by its name and some of its labels. */
function sample(text: string, name: string, ...labels: string[]): number {
  const line = text
    .split('\n')
    .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)))
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}

// covers 11.1.58, 11.2.2c
test('metrics follow sign-ups, requests of files and open streams, and name nobody', async () => {
  expect(sample(await scrape(), 'event_stream_active_connections')).toBe(0)
  const { who, put, get } = await settle(server)
  const other = person()
  await cookieSignUp(server, other)
  await put('/pub/secret-name.txt', 'x')
  await server.call('GET', '/pub/secret-name.txt', { headers: { 'pubky-host': who.key } })
  await get('/pub/secret-name.txt')
  await server.call('GET', '/events/')
  const stream = await openEvents(
    server.running.urls.http,
    `/events-stream?live=true&user=${who.key}`,
  )
  await stream.frames(1)
  const during = await scrape()
  expect(sample(during, 'event_stream_active_connections')).toBe(1)
  stream[Symbol.dispose]()
  await expect.poll(async () => sample(await scrape(), 'event_stream_active_connections')).toBe(0)
  const text = await scrape()
  expect(sample(text, 'signup_count_total')).toBe(2)
  const count = (...labels: string[]) => sample(text, 'storage_request_count_total', ...labels)
  expect(count('addressing_mode="path"', 'auth_method="grant"')).toBe(1)
  expect(count('addressing_mode="path"', 'auth_method="none"')).toBe(1)
  expect(count('addressing_mode="legacy"', 'pubky_host_header="true"')).toBe(1)
  expect(sample(text, 'events_db_query_duration_ms_count')).toBe(1)
  expect(sample(text, 'event_stream_db_query_duration_ms_count')).toBeGreaterThan(0)
  expect(sample(text, 'event_stream_connection_duration_ms_count')).toBe(1)
  expect(sample(text, 'http_answer_count_total', 'method="PUT"', 'status="201"')).toBe(1)
  expect(sample(text, 'own_record_published_seconds')).toBeGreaterThan(1_700_000_000)
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of samples) expect(line).toContain('otel_scope_name="pubky_homeserver"')
  for (const name of [who.key, other.key, server.running.publicKey, 'secret-name', 'Bearer'])
    expect(text).not.toContain(name)
})

test('there is no port of metrics unless it is asked for', async () => {
  await using quiet = await startTestServer(database.url)
  expect(quiet.running.urls.metrics).toBe('')
})
