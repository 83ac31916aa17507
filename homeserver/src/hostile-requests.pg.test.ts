import { expect, test } from 'vitest'
import { oneServer } from './testing/fixture.ts'
import { makeGrant, person, postGrant, settle } from './testing/people.ts'

/** What `npm run prove -- fuzz-homeserver` found: each was an answer of 500 or 503. */
const { server } = await oneServer()

test('a cursor of before all dates is refused', async () => {
  for (const cursor of ['G000000000000', 'ZZZZZZZZZZZZG', 'YZZZZZZZZZZZG']) {
    const answer = await server.call('GET', `/events/?cursor=${cursor}`)
    expect([answer.status, answer.text]).toEqual([400, 'Invalid cursor'])
  }
})

test('a client whose id the database cannot keep gets no session and no account', async () => {
  const ann = await settle(server)
  const holder = await makeGrant(server, ann.who, { clientId: 'app\0.example' })
  const answer = await postGrant(server, '/auth/grant/session', holder)
  expect([answer.status, answer.text]).toEqual([400, 'Invalid grant: invalid grant format'])
  const stranger = await makeGrant(server, person(), { clientId: 'pubky.signup\0', lifetime: 300 })
  expect((await postGrant(server, '/auth/grant/signup', stranger)).status).toBe(400)
})
