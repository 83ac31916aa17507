import { parsePublicKey } from '@pubky/protocol/keys'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useConfig } from '../services.ts'

const MOST_TRIES = 2

export function signingKeysKey(user: string) {
  return ['signing-keys', user] as const
}

/** Who signed the last `most` changes of a person, and what the person says about it. Always read anew. */
export function useSigningKeys(user: string, most: number) {
  const config = useConfig()
  return useQuery({
    queryKey: [...signingKeysKey(user), most],
    queryFn: async ({ signal }) => {
      const { readKeyRules } = await import('../data/key-rules.ts')
      return readKeyRules(config, parsePublicKey(user), { most, signal })
    },
    staleTime: 0,
    gcTime: 0,
    placeholderData: keepPreviousData,
    retry: MOST_TRIES,
  })
}
