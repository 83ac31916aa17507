import { randomBytes } from '@pubky/protocol'
import { expect, it } from 'vitest'
import type { Address, Contact } from './contact.ts'
import { createGate } from './machine/gate.ts'
import { createNeighbours } from './machine/neighbours.ts'
import { createNetworkSize } from './machine/network-size.ts'
import { createRoundTrips } from './machine/round-trips.ts'
import { type LookupContext, runLookup } from './run-lookup.ts'

/** A look-up on mainnet in which every node names the same contacts. */
async function askedIn(contacts: readonly Contact[]): Promise<Address[]> {
  const asked: Address[] = []
  const start = { id: randomBytes(20), host: '11.9.9.9', port: 6881 }
  const ctx: LookupContext = {
    id: randomBytes(20),
    network: 'mainnet',
    async ask(to) {
      asked.push(to)
      const id = [start, ...contacts].find(({ port }) => port === to.port)?.id ?? start.id
      const answer = { token: null, seq: null, nodes: [...contacts], values: [], item: null }
      return { ok: { kind: 'answer', t: new Uint8Array(), id, ...answer } }
    },
    nowMs: () => 0,
    after: () => () => {},
    roundTrips: createRoundTrips({ leastMs: 200, mostMs: 2000 }),
    size: createNetworkSize(),
    gate: createGate(1, 0),
    verify: async () => true,
    store: { get: () => null, put: async () => 'same' },
    neighbours: createNeighbours(() => 0n),
    bootstrap: [],
    closest: () => [start],
    forget: () => {},
  }
  await runLookup(ctx, randomBytes(32)).newest()
  return asked.filter(({ host }) => host !== start.host)
}

const machine = (host: string, count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: randomBytes(20), host, port: 1000 + n }))

// covers 4.1.5a
it('a look-up on mainnet asks eight contacts of one address and no more', async () => {
  expect(await askedIn(machine('11.0.0.1', 30))).toHaveLength(8)
  const both = await askedIn([...machine('11.0.0.1', 30), ...machine('11.0.0.2', 3)])
  expect(both.filter(({ host }) => host === '11.0.0.2')).toHaveLength(3)
})
