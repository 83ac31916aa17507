'use client'

import { createContext, use } from 'react'
import type { Api } from './api.ts'
import type { RuntimeConfig } from './config.ts'

export const ConfigContext = createContext<RuntimeConfig | null>(null)
export const ApiContext = createContext<Api | null>(null)

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
