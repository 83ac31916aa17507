import * as v from 'valibot'
import { refuse } from './errors.ts'
import { optional, shape } from './json.ts'
import { DELETED, LIMITS } from './limits.ts'
import { parseUrl, sanitizeUrl, scalarLength, trim } from './text.ts'
import type { Profile, ProfileLink } from './types.ts'

const schema = v.object({
  name: v.string(),
  bio: optional(v.string()),
  image: optional(v.string()),
  links: optional(v.array(v.object({ title: v.string(), url: v.string() }))),
  status: optional(v.string()),
})

function sanitize(raw: v.InferOutput<typeof schema>): Profile {
  const name = trim(raw.name)
  return {
    name: name === DELETED ? 'anonymous' : name,
    bio: raw.bio === null ? null : trim(raw.bio),
    image: raw.image === null ? null : sanitizeUrl(raw.image),
    links:
      raw.links?.map(({ title, url }) => ({ title: trim(title), url: sanitizeUrl(url) })) ?? null,
    status: raw.status === null ? null : trim(raw.status),
  }
}

function checkLink({ title, url }: ProfileLink, index: number): void {
  if (title === '') refuse('empty', `links.${index}.title`, 'Link title cannot be empty')
  if (scalarLength(title) > LIMITS.userLinkTitleMaxLength)
    refuse('too_long', `links.${index}.title`, 'Link title exceeds maximum length')
  if (url === '') refuse('empty', `links.${index}.url`, 'Link URL cannot be empty')
  if (scalarLength(url) > LIMITS.userLinkUrlMaxLength)
    refuse('too_long', `links.${index}.url`, 'Link URL exceeds maximum length')
  if (!parseUrl(url)) refuse('invalid_url', `links.${index}.url`, 'Invalid URL format')
}

/** spec/data-model.md 6.1. Image and link addresses may have any scheme: filter when rendering. */
export function parseProfile(json: unknown): Profile {
  const profile = sanitize(shape(schema, json))
  const { bio, image, status } = profile
  const nameLength = scalarLength(profile.name)
  if (nameLength < LIMITS.userNameMinLength) refuse('too_short', 'name', 'Invalid name length')
  if (nameLength > LIMITS.userNameMaxLength) refuse('too_long', 'name', 'Invalid name length')
  if (bio !== null && scalarLength(bio) > LIMITS.userBioMaxLength)
    refuse('too_long', 'bio', 'Bio exceeds maximum length')
  if (image !== null) {
    if (image === '') refuse('empty', 'image', 'Image URI cannot be empty')
    if (scalarLength(image) > LIMITS.userImageUrlMaxLength)
      refuse('too_long', 'image', 'Image URI exceeds maximum length')
    if (!parseUrl(image)) refuse('invalid_url', 'image', 'Invalid image URI format')
  }
  const links = profile.links ?? []
  if (links.length > LIMITS.userLinksMaxCount) refuse('too_many', 'links', 'Too many links')
  links.forEach(checkLink)
  if (status !== null && scalarLength(status) > LIMITS.userStatusMaxLength)
    refuse('too_long', 'status', 'Status exceeds maximum length')
  return profile
}

/** The members in the order in which other implementations write them. */
export function profileJson(profile: Profile): unknown {
  const { name, bio, image, links, status } = profile
  return {
    name,
    bio,
    image,
    links: links?.map(({ title, url }) => ({ title, url })) ?? null,
    status,
  }
}
