import type { MutableItem, Opt, PutReport } from '@pubky/sdk/dht'
import { compareDistance } from './contact.ts'
import { DhtError } from './errors.ts'
import { targetOf } from './item-store.ts'
import type { Writable } from './machine/neighbours.ts'
import { isSameItem } from './machine/order.ts'
import { type PutAnswer, tally } from './machine/tally.ts'
import { type LookupContext, runLookup } from './run-lookup.ts'

const K = 20

/**
 * Hands an item to the nodes closest to its key, this node among them when it serves. Throws
 * `dht_item_invalid` for an item that does not verify.
 */
export async function runPut(
  ctx: LookupContext & { readOnly: boolean },
  item: MutableItem,
  { cas, signal }: Opt & { cas?: bigint } = {},
): Promise<PutReport> {
  signal?.throwIfAborted()
  if (!(await ctx.verify(item))) throw new DhtError('dht_item_invalid')
  const target = targetOf(item.key)
  const recent = ctx.neighbours.of(target)
  if (recent && recent.length > 0) {
    const report = await send(recent)
    if (report.stored + report.casFailed + report.notMoreRecent > 0) return checked(report)
    ctx.neighbours.forget(target)
  }
  await runLookup(ctx, item.key, { isThorough: true, ...(signal ? { signal } : {}) }).newest()
  return checked(await send(ctx.neighbours.of(target) ?? []))

  /**
   * Who publishes by several ways at once meets the own item where it should swap: that is no
   * conflict, but nodes must say so by their rules.
   */
  async function checked(report: PutReport): Promise<PutReport> {
    if (report.casFailed <= report.stored) return report
    const { item: newest, report: found } = await runLookup(
      ctx,
      item.key,
      signal ? { signal } : {},
    ).newest()
    if (!newest || !isSameItem(newest, item)) return report
    return { ...report, stored: found.agreed, casFailed: 0 }
  }

  async function send(nodes: readonly Writable[]): Promise<PutReport> {
    const puts = nodes.map((node) => putTo(node))
    if (isOurs(nodes)) puts.push(putHere())
    return tally(await Promise.all(puts))
  }

  async function putTo(node: Writable): Promise<PutAnswer> {
    const { key, seq, value, sig } = item
    const a = { id: ctx.id, token: node.token, k: key, seq, sig, v: value, cas }
    const result = await ctx.ask(node, 'put', a)
    if ('ok' in result) return 'stored'
    return 'error' in result ? result.error : 'no-answer'
  }

  /** Whether this node is one of the closest, by which others will look for the item here. */
  function isOurs(nodes: readonly Writable[]): boolean {
    if (ctx.readOnly) return false
    const farthest = nodes.length < K ? undefined : nodes.at(-1)
    return !farthest || compareDistance(Buffer.from(target, 'hex'), ctx.id, farthest.id) < 0
  }

  async function putHere(): Promise<PutAnswer> {
    const outcome = await ctx.store.put(item, cas ?? null, null)
    if (outcome === 'cas-mismatch') return 301
    if (outcome === 'not-more-recent') return 302
    return outcome === 'stored' || outcome === 'same' ? 'stored' : 'no-answer'
  }
}
