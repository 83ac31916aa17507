import 'server-only'
import { cookies } from 'next/headers'
import { cache } from 'react'
import { type Api, createApi } from '../state/api.ts'
import { looksLikeUser } from '../state/views.ts'
import { internalNexus } from './config.ts'

/** A page is not held up longer than this; the browser asks again by itself. */
const LIMIT_MS = 1500

/** The indexer as the server reaches it. */
export const serverApi = cache((): Api => createApi(internalNexus(), { timeoutMs: LIMIT_MS }))

/** Whom the page is for, from the cookie; null for a guest. */
export const getViewer = cache(async (): Promise<string | null> => {
  const value = (await cookies()).get('viewer')?.value ?? ''
  return looksLikeUser(value) ? value : null
})

/** How many other accounts the browser has, as it said. */
export async function countOthers(): Promise<number> {
  const value = (await cookies()).get('others')?.value ?? ''
  return /^[1-9]$/.test(value) ? Number(value) : 0
}

/** Whether the viewer's key has yet to be backed up, as the browser said. */
export async function isBackupDue(): Promise<boolean> {
  return (await cookies()).get('backup')?.value === 'pending'
}
