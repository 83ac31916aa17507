import { createApi } from '../api.ts'
import type { RuntimeConfig } from '../config.ts'
import type { ProfileDraft } from '../outbox/actions.ts'
import { planOps } from '../outbox/plan.ts'
import { PendingStore } from '../outbox/store.ts'
import { type Account, changeAccount } from './accounts.ts'
import { sessionOf } from './connection.ts'

/**
 * Writes the first profile straight to the homeserver and shows it until the indexer has it. The
 * account is ready afterwards.
 */
export async function saveFirstProfile(
  config: RuntimeConfig,
  account: Account,
  draft: ProfileDraft,
): Promise<void> {
  const { ops, image } = planOps(account.user, { type: 'profile', draft, image: draft.image })
  const session = await sessionOf(config, account)
  for (const { method, path, body } of ops)
    await session.storage.write({ method, path, body: body ?? null })
  tellIndexer(config, account.user)
  const store = new PendingStore(account.user)
  const shown = { ...draft, picture: null, image: image ?? null }
  const pending = await store.add({ type: 'profile', draft: shown, image: image ?? null })
  await store.change(pending.id, { state: 'sent', sentAtMs: Date.now() })
  store.close()
  changeAccount(account.user, { stage: 'ready' })
}

/** The indexer finds new people by itself; this only makes it sooner. */
export function tellIndexer(config: RuntimeConfig, user: string): void {
  createApi(config.nexus)
    .ingest.put.mutate({ userId: user } as never)
    .catch(() => {})
}
