import { common } from './common.ts'
import { composer } from './composer.ts'
import { data } from './data.ts'
import { drafts } from './drafts.ts'
import { errors } from './errors.ts'
import { feed } from './feed.ts'
import { keys } from './keys.ts'
import { landing } from './landing.ts'
import { lists } from './lists.ts'
import { mirror } from './mirror.ts'
import { notices } from './notices.ts'
import { onboarding } from './onboarding.ts'
import { post } from './post.ts'
import { profile } from './profile.ts'
import { search } from './search.ts'
import { sessions } from './sessions.ts'
import { settings } from './settings.ts'
import { signIn } from './sign-in.ts'
import { signing } from './signing.ts'
import { standstill } from './standstill.ts'
import { thread } from './thread.ts'

/** Every text of the app in English. A namespace is sent to the browser only where a page asks. */
export const en = {
  common,
  landing,
  onboarding,
  signIn,
  feed,
  post,
  composer,
  drafts,
  keys,
  errors,
  thread,
  lists,
  notices,
  profile,
  search,
  settings,
  data,
  mirror,
  sessions,
  signing,
  standstill,
}

export type English = typeof en
