/** The part of bittorrent-dht 11 that is used: routing table, its upkeep, and answers of BEP5. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events'

  interface TableNode {
    id: Buffer
    host: string
    port: number
  }

  export class Client extends EventEmitter {
    constructor(options: {
      krpcSocket: EventEmitter
      nodeId: Buffer
      bootstrap: false | { host: string; port: number }[]
    })
    readonly nodes: {
      closest(target: Buffer, count?: number): TableNode[]
      get(id: Buffer): TableNode | null
      toArray(): TableNode[]
    }
    addNode(node: { host: string; port: number; id?: Buffer }): void
    removeNode(id: Buffer): void
    destroy(done?: () => void): void
  }
}
