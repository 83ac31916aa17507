/** The search engine refused or failed a task; what was applied is not complete. */
export class SearchEngineError extends Error {
  override readonly name = 'SearchEngineError'
  readonly code = 'search_engine_failed'
}
