'use client'

import { createContext, use, useSyncExternalStore } from 'react'
import type { Api } from './api.ts'
import type { RuntimeConfig } from './config.ts'
import type { Reach } from './reach.ts'

export const ConfigContext = createContext<RuntimeConfig | null>(null)
export const ApiContext = createContext<Api | null>(null)
export const ReachContext = createContext<Reach | null>(null)

/** Addresses of the services, as the server was started with. */
export function useConfig(): RuntimeConfig {
  const config = use(ConfigContext)
  if (!config) throw new Error('no AppProviders above this component')
  return config
}

/** The indexer's typed API. Screens use the hooks of `queries/` first. */
export function useApi(): Api {
  const api = use(ApiContext)
  if (!api) throw new Error('no AppProviders above this component')
  return api
}

export function useReach(): Reach {
  const reach = use(ReachContext)
  if (!reach) throw new Error('no AppProviders above this component')
  return reach
}

/** Whether the indexer can be reached, as far as anybody has noticed. */
export function useReachable(): boolean {
  const reach = useReach()
  return useSyncExternalStore(
    reach.subscribe,
    () => reach.reachable,
    () => true,
  )
}
