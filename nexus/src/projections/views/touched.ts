/** Which counters are to be counted again. */
export interface Touched {
  posts: Set<string>
  /** Posts that became or ceased to be a collection: bookmarks of collections are not counted. */
  collections: Set<string>
  resources: Map<string, string>
  people: {
    posts: Set<string>
    tagged: Set<string>
    tags: Set<string>
    following: Set<string>
    followers: Set<string>
    friends: Set<string>
    bookmarks: Set<string>
  }
}

export function nothingTouched(): Touched {
  return {
    posts: new Set(),
    collections: new Set(),
    resources: new Map(),
    people: {
      posts: new Set(),
      tagged: new Set(),
      tags: new Set(),
      following: new Set(),
      followers: new Set(),
      friends: new Set(),
      bookmarks: new Set(),
    },
  }
}
