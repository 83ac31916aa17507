import type { Address, Contact } from './contact.ts'
import { encodeContacts } from './contact.ts'
import type { ItemStore } from './item-store.ts'
import type { ItemQuery, Query } from './krpc/message.ts'
import type { KrpcSocket } from './krpc/socket.ts'
import type { createTokens } from './machine/tokens.ts'

/** Contacts beside a value, so that the reply fits one datagram on any path. */
const CONTACTS_WITH_VALUE = 8
const CONTACTS = 20

export interface AnswerContext {
  id: Uint8Array
  store: Pick<ItemStore, 'get' | 'put'>
  tokens: ReturnType<typeof createTokens>
  socket: () => Pick<KrpcSocket, 'reply' | 'refuse'>
  closest: (target: Uint8Array, count: number) => Contact[]
  warn: (error: unknown) => void
}

/** Answers `get` and `put` of others, with the codes of BEP44 (spec/discovery.md 6.1). */
export function createAnswers(ctx: AnswerContext) {
  return (query: Query, from: Address): void => {
    const { body } = query
    if (body.q === 'get') get(body, query.t, from)
    if (body.q === 'put') put(body, query.t, from).catch(ctx.warn)
  }

  function get(
    { target, seq }: Extract<ItemQuery, { q: 'get' }>,
    t: Uint8Array,
    from: Address,
  ): void {
    const item = ctx.store.get(Buffer.from(target).toString('hex'))
    const isWanted = item !== null && (seq === null || item.seq > seq)
    const nodes = ctx.closest(target, isWanted ? CONTACTS_WITH_VALUE : CONTACTS)
    ctx.socket().reply(from, t, {
      id: ctx.id,
      token: ctx.tokens.issue(from.host),
      nodes: encodeContacts(nodes),
      ...(item ? { seq: item.seq } : {}),
      ...(isWanted ? { k: item.key, sig: item.sig, v: item.value } : {}),
    })
  }

  async function put(
    { token, key, sig, seq, value, cas }: Extract<ItemQuery, { q: 'put' }>,
    t: Uint8Array,
    from: Address,
  ): Promise<void> {
    const refuse = (code: number, text: string) => ctx.socket().refuse(from, t, code, text)
    if (!ctx.tokens.accepts(from.host, token)) return refuse(203, 'bad token')
    let outcome: Awaited<ReturnType<ItemStore['put']>>
    try {
      outcome = await ctx.store.put({ key, sig, seq, value }, cas)
    } catch (error) {
      refuse(202, 'server error')
      throw error
    }
    switch (outcome) {
      case 'stored':
      case 'same':
        return ctx.socket().reply(from, t, { id: ctx.id })
      case 'cas-mismatch':
        return refuse(301, 'CAS mismatch')
      case 'not-more-recent':
        return refuse(302, 'seq is not more recent')
      case 'invalid':
        return refuse(206, 'invalid signature')
      case 'busy':
        return
    }
  }
}
