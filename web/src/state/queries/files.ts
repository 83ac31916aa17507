import { useQuery } from '@tanstack/react-query'
import { useApi } from '../services.ts'
import type { FileDetails } from '../views.ts'

const FILES_STALE_MS = 3600_000

/** Details of uploads by their addresses; undefined while they load. */
export function useFiles(uris: readonly string[]): ReadonlyMap<string, FileDetails> | undefined {
  const api = useApi()
  const { data, isError } = useQuery({
    queryKey: ['files', ...uris],
    queryFn: async ({ signal }) =>
      (await api.files.byUris.query({ uris: [...uris] }, { signal })) as FileDetails[],
    staleTime: FILES_STALE_MS,
    enabled: uris.length > 0,
  })
  if (isError) return new Map()
  return data && new Map(data.map((file) => [file.uri, file]))
}
