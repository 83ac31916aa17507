import { expect, it } from 'vitest'
import { admits, type Table } from './admission.ts'
import type { Address } from './contact.ts'

function table() {
  const nodes = new Map<string, Address>()
  const held: Table = {
    get: (id) => nodes.get(id.toString('hex')) ?? null,
    toArray: () => [...nodes.values()],
    remove: (id) => void nodes.delete(id.toString('hex')),
  }
  const offer = (network: 'local' | 'mainnet', id: number, host: string, port: number) => {
    const bytes = Buffer.alloc(20, id)
    const isIn = admits(network, held, bytes, { host, port })
    if (isIn) nodes.set(bytes.toString('hex'), { host, port })
    return isIn
  }
  return { nodes, offer }
}

// covers 4.1.5a
it('a routing table holds eight contacts of one address and no more, whatever its ports', () => {
  const { nodes, offer } = table()
  const one = Array.from({ length: 20 }, (_, n) => offer('mainnet', n, '11.0.0.1', 1000 + n))
  expect(one).toEqual([...Array(8).fill(true), ...Array(12).fill(false)])
  expect(offer('mainnet', 99, '11.0.0.2', 1000)).toBe(true)
  expect(offer('mainnet', 3, '11.0.0.1', 1003)).toBe(true)
  expect(nodes.size).toBe(9)
})

// covers 4.1.11
it('nobody takes the place of another by its id, except a local node that was started again', () => {
  const mainnet = table()
  mainnet.offer('mainnet', 1, '11.0.0.1', 1000)
  expect(mainnet.offer('mainnet', 1, '11.0.0.2', 1000)).toBe(false)
  expect(mainnet.offer('mainnet', 1, '11.0.0.1', 1001)).toBe(false)
  const local = table()
  local.offer('local', 1, '127.0.0.1', 1000)
  expect(local.offer('local', 1, '127.0.0.1', 1001)).toBe(true)
  expect([...local.nodes.values()]).toEqual([{ host: '127.0.0.1', port: 1001 }])
})
