import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface DemoPerson {
  handle: string
  name: string
  bio: string
  status?: string
  /** Name of a picture in `stack/assets`. */
  avatar: string
  links?: { title: string; url: string }[]
}

export interface DemoPost {
  id: string
  by: string
  hoursAgo: number
  /** `{ada}` stands for that person's key. */
  text?: string
  /** With a title, `text` is the body of an article. */
  kind?: 'long'
  title?: string
  /** Ids of posts above. */
  reply?: string
  quote?: string
  repost?: string
  pictures?: string[]
  alt?: string[]
  /** Label → handles of those who put it. */
  tags?: Record<string, string[]>
}

/** What is in `community.json`. Handles name people, ids name posts of this file. */
export interface Community {
  people: DemoPerson[]
  posts: DemoPost[]
  follows: Record<string, string[]>
  profileTags: Record<string, Record<string, string[]>>
  bookmarks: Record<string, string[]>
}

/** The folder `stack` of a checkout, from its sources and from `dist/`. */
function stackFolder(): string {
  const candidates = [
    join(import.meta.dirname, '..', '..'),
    join(import.meta.dirname, '..', 'stack'),
  ]
  return candidates.find((dir) => existsSync(join(dir, 'assets'))) ?? join(process.cwd(), 'stack')
}

export async function readCommunity(): Promise<Community> {
  const text = await readFile(join(stackFolder(), 'src/demo/community.json'), 'utf8')
  return JSON.parse(text) as Community
}

export function readPicture(name: string): Promise<Uint8Array> {
  return readFile(join(stackFolder(), 'assets', `${name}.webp`))
}
