import { useT } from '../i18n/client.tsx'
import { Button } from '../ui/button.tsx'

interface ListEndProps {
  list: {
    isError: boolean
    isFetching: boolean
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    fetchNextPage: () => unknown
    refetch: () => unknown
  }
  more: string
  /** Said when more, or what is new, could not be loaded: what is there stays. */
  error: string
}

/** Below a list: how to get more of it. */
export function ListEnd({ list, more, error }: ListEndProps) {
  const t = useT()
  if (list.isError)
    return (
      <div
        role="alert"
        className="flex flex-wrap items-center justify-center gap-3 py-6 text-sm text-mute"
      >
        {error}
        <Button
          look="outline"
          size="sm"
          busy={list.isFetching}
          onClick={() => void (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch())}
        >
          {t('common.retry')}
        </Button>
      </div>
    )
  if (!list.hasNextPage) return null
  return (
    <div className="flex justify-center py-6">
      <Button
        look="outline"
        busy={list.isFetchingNextPage}
        onClick={() => void list.fetchNextPage()}
      >
        {more}
      </Button>
    </div>
  )
}
