import type { Address, Contact } from './contact.ts'
import { encodeContacts } from './contact.ts'
import type { Guests } from './guests.ts'
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
  guests: Guests
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
    if (body.q === 'put-immutable') putImmutable(body, query.t, from)
  }

  function get(
    { target, seq }: Extract<ItemQuery, { q: 'get' }>,
    t: Uint8Array,
    from: Address,
  ): void {
    const hex = Buffer.from(target).toString('hex')
    const item = ctx.store.get(hex) ?? ctx.guests.get(hex)
    const isImmutable = item !== null && item.key.length === 0
    const isWanted = item !== null && (isImmutable || seq === null || item.seq > seq)
    const nodes = ctx.closest(target, isWanted ? CONTACTS_WITH_VALUE : CONTACTS)
    ctx.socket().reply(from, t, {
      id: ctx.id,
      token: ctx.tokens.issue(from.host),
      nodes: encodeContacts(nodes),
      ...(item && !isImmutable ? { seq: item.seq } : {}),
      ...(isWanted && !isImmutable ? { k: item.key, sig: item.sig } : {}),
      ...(isWanted ? { v: item.value } : {}),
    })
  }

  function putImmutable(
    { token, value }: Extract<ItemQuery, { q: 'put-immutable' }>,
    t: Uint8Array,
    from: Address,
  ): void {
    if (!ctx.tokens.accepts(from.host, token)) {
      ctx.socket().refuse(from, t, 203, 'bad token')
      return
    }
    ctx.guests.putImmutable(value, from.host)
    ctx.socket().reply(from, t, { id: ctx.id })
  }

  async function put(
    { token, key, sig, seq, value, cas, salt }: Extract<ItemQuery, { q: 'put' }>,
    t: Uint8Array,
    from: Address,
  ): Promise<void> {
    const refuse = (code: number, text: string) => ctx.socket().refuse(from, t, code, text)
    if (!ctx.tokens.accepts(from.host, token)) return refuse(203, 'bad token')
    let outcome: Awaited<ReturnType<ItemStore['put']>>
    try {
      const item = { key, sig, seq, value }
      outcome = await (salt
        ? ctx.guests.putSalted(item, salt, cas, from.host)
        : ctx.store.put(item, cas, from.host))
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
