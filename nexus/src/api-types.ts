export type { LiveEvent, LiveInput } from './live/live-event.ts'
export type {
  Bookmark,
  Bootstrap,
  FileDetails,
  HotTag,
  LivePostView as PostView,
  LiveUserView as UserView,
  Notification,
  PostCounts,
  PostDetails,
  PostRelationships,
  ProofState,
  Relationship,
  TagDetails,
  UserCounts,
  UserDetails,
} from './read/views.ts'
export type { AppRouter } from './trpc/router.ts'
