import 'server-only'
import { type DehydratedState, dehydrate } from '@tanstack/react-query'
import type { StreamInput } from '../state/outbox/overlay.ts'
import {
  type StreamAnswer,
  type StreamData,
  streamKey,
  toPage,
} from '../state/queries/stream-cache.ts'
import { FIRST_PAGE_SIZE, streamRequest } from '../state/queries/stream-request.ts'
import { userKey } from '../state/queries/user-key.ts'
import { createQueryClient } from '../state/query-client.ts'
import { getViewer, serverApi } from './nexus.ts'

/** The first page of a stream, for `HydrationBoundary`; without it when the indexer is away. */
export async function prefetchStream(input: StreamInput): Promise<DehydratedState> {
  const client = createQueryClient()
  const viewer = await getViewer()
  try {
    const request = streamRequest(input, viewer, null, FIRST_PAGE_SIZE) as never
    const answer = (await serverApi().posts.stream.query(request)) as unknown as StreamAnswer
    const data: StreamData = { pages: [toPage(client, answer)], pageParams: [null] }
    client.setQueryData(streamKey(input), data)
  } catch {
    // The browser shows its own copy, or the error with a way to try again.
  }
  return dehydrate(client)
}

/** The viewer's own name and picture, which every page shows. */
export async function prefetchViewer(): Promise<DehydratedState> {
  const client = createQueryClient()
  const viewer = await getViewer()
  if (viewer === null) return dehydrate(client)
  try {
    const view = await serverApi().user.view.query({ userId: viewer, viewerId: viewer })
    if (view) client.setQueryData(userKey(viewer), view)
  } catch {
    // The face of the key stands in.
  }
  return dehydrate(client)
}
