'use client'

import { useQueryClient } from '@tanstack/react-query'
import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import { useT } from '../../i18n/client.tsx'
import { insist } from '../../ui/part.ts'
import { showToast } from '../../ui/toast.tsx'
import { useApi, useConfig, useReach } from '../services.ts'
import { currentAccount } from '../session/accounts.ts'
import { errorTextKey } from '../session/errors.ts'
import { useSetSessionEnded, useViewer } from '../session/viewer.tsx'
import type { Action, Pending } from './actions.ts'
import type { Sender } from './sender.ts'
import { PendingStore } from './store.ts'

interface Outbox {
  store: PendingStore
  enqueue(action: Action): Promise<void>
  retry(id: string): Promise<void>
  discard(id: string): Promise<void>
}

interface OutboxWithSender extends Outbox {
  sender(): Promise<Sender>
}

const OutboxContext = createContext<Outbox | null>(null)

/** Sends what the person does, in one tab at a time, and keeps it until the indexer shows it. */
export function OutboxProvider({ children }: { children: ReactNode }) {
  const { id: viewer } = useViewer()
  const config = useConfig()
  const api = useApi()
  const reach = useReach()
  const t = useT()
  const queryClient = useQueryClient()
  const setEnded = useSetSessionEnded()
  const [store] = useState(() =>
    viewer !== null && typeof window !== 'undefined' ? new PendingStore(viewer) : null,
  )

  const outbox = useMemo<OutboxWithSender | null>(() => {
    if (!store) return null
    let loaded: Promise<typeof import('./sender.ts')> | null = null
    const sender = () => {
      loaded ??= insist(() => import('./sender.ts'))
      return loaded.then(({ startSender }) =>
        startSender({
          config,
          store,
          account: currentAccount,
          reachable: () => reach.reachable,
          onSilence: reach.suspect,
          onEnded: setEnded,
          onRefused: (code) => showToast('bad', t(errorTextKey(code))),
        }),
      )
    }
    return {
      store,
      sender,
      async enqueue(action: Action) {
        await store.add(action)
      },
      retry: (id: string) => store.change(id, { state: 'waiting', reason: null }),
      discard: (id: string) => store.remove(id),
    }
  }, [store, config, reach, t, setEnded])

  useEffect(() => {
    if (!outbox) return
    const { store, sender } = outbox
    // Nothing of the sender is loaded until there is something to send, in whichever tab, or to confirm.
    let watching: Promise<() => void> | null = null
    const watch = () =>
      insist(() => import('./confirm.ts')).then(({ watchConfirmations: begin }) =>
        begin(store, api, queryClient),
      )
    const look = () => {
      if (store.list.some(({ state }) => state === 'waiting')) void sender()
      if (store.list.length > 0) watching ??= watch()
    }
    const stopLooking = store.subscribe(look)
    const stopWaking = reach.subscribe(() => {
      if (reach.reachable && store.list.some(({ state }) => state === 'waiting'))
        void sender().then(({ wake }) => wake())
    })
    store.onNews = (news) => void sender().then(({ hear }) => hear(news))
    store.load().catch(() => {})
    return () => {
      stopLooking()
      stopWaking()
      void watching?.then((stop) => stop())
    }
  }, [outbox, reach, api, queryClient])

  return <OutboxContext value={outbox}>{children}</OutboxContext>
}

/** Null for guests. Screens use `useActions`. */
export function useOutbox(): Outbox | null {
  return use(OutboxContext)
}

const NONE: readonly Pending[] = []
const noSubscription = () => () => {}

/** Everything the person did that the indexer does not show yet, oldest first. */
export function usePending(): readonly Pending[] {
  const store = useOutbox()?.store
  return useSyncExternalStore(
    store?.subscribe ?? noSubscription,
    () => store?.list ?? NONE,
    () => NONE,
  )
}
