import * as v from 'valibot'
import { refuse } from './errors.ts'
import { integer, optional, shape } from './json.ts'
import { LIMITS } from './limits.ts'
import { kindSchema } from './post.ts'
import { parseLabel, sanitizeLabel } from './tag.ts'
import { scalarLength, trim } from './text.ts'
import {
  FEED_LAYOUTS,
  FEED_REACHES,
  FEED_SORTS,
  type Feed,
  type FeedConfig,
  type Label,
} from './types.ts'

const schema = v.object({
  feed: v.object({
    tags: optional(v.array(v.string())),
    domain_tags: optional(v.array(v.string())),
    reach: v.picklist(FEED_REACHES),
    layout: v.picklist(FEED_LAYOUTS),
    sort: v.picklist(FEED_SORTS),
    content: optional(kindSchema),
  }),
  name: v.string(),
  icon: optional(v.string()),
  created_at: integer,
})

function labels(raw: readonly string[] | null): string[] | null {
  return raw?.map(sanitizeLabel).filter((label) => label !== '') ?? null
}

function checkLabels(found: readonly string[] | null, field: string): Label[] | null {
  if (!found) return null
  if (found.length > LIMITS.feedTagsMaxCount)
    refuse('too_many', field, `Feed config cannot have more than 5 ${field.split('.')[1]}`)
  return found.map((label, index) => parseLabel(label, `${field}.${index}`))
}

function configJson(o: {
  tags: readonly string[] | null
  domainTags: readonly string[] | null
  reach: string
  layout: string
  sort: string
  content: string | null
}): unknown {
  const { tags, domainTags, reach, layout, sort, content } = o
  return { tags, ...(domainTags && { domain_tags: domainTags }), reach, layout, sort, content }
}

/** What the id of a feed is made from: its configuration alone (spec/data-model.md 4.2). */
export function feedIdInput(config: FeedConfig): string {
  return JSON.stringify(configJson(config))
}

/** spec/data-model.md 6.10; `checkId` comes first. */
export function parseFeed(json: unknown, checkId: (input: string) => void): Feed {
  const raw = shape(schema, json)
  const { reach, layout, sort, content } = raw.feed
  const tags = labels(raw.feed.tags)
  const domainTags = labels(raw.feed.domain_tags)
  checkId(JSON.stringify(configJson({ tags, domainTags, reach, layout, sort, content })))
  const name = trim(raw.name)
  const icon = raw.icon === null ? null : sanitizeLabel(raw.icon)
  if (name === '') refuse('empty', 'name', 'Feed name cannot be empty')
  if (icon !== null && !/^[a-z0-9-]+$/.test(icon))
    refuse('invalid_character', 'icon', 'Feed icon may only contain a-z, 0-9 and -')
  if (icon !== null && scalarLength(icon) > LIMITS.feedIconMaxLength)
    refuse('too_long', 'icon', 'Feed icon exceeds maximum length of 50 characters')
  const config: FeedConfig = {
    tags: checkLabels(tags, 'feed.tags'),
    domainTags: checkLabels(domainTags, 'feed.domain_tags'),
    reach,
    layout,
    sort,
    content,
  }
  return { feed: config, name, icon, createdAt: raw.created_at }
}

export function feedJson({ feed, name, icon, createdAt }: Feed): unknown {
  return { feed: configJson(feed), name, ...(icon !== null && { icon }), created_at: createdAt }
}
