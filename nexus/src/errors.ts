import { ServiceError } from '@pubky/server-kit'

/** Every refusal of the read API; the texts are those of spec/nexus.md 1.1. */
export const refusals = {
  invalidInput: (message: string) =>
    new ServiceError(400, 'invalid_input', `Invalid input: ${message}`),
  userNotFound: (user: string) =>
    new ServiceError(404, 'user_not_found', `User not found: ${user}`),
  postNotFound: (author: string, post: string) =>
    new ServiceError(404, 'post_not_found', `Post not found: ${author} ${post}`),
  fileNotFound: () => new ServiceError(404, 'file_not_found', 'File not found.'),
  tagNotFound: (tagger: string, id: string) =>
    new ServiceError(404, 'tag_not_found', `Tag ${id} of ${tagger} not found`),
  resourceNotFound: (id: string) =>
    new ServiceError(404, 'resource_not_found', `Resource not found: ${id}`),
  objectNotFound: () => new ServiceError(404, 'object_not_found', 'Object not found'),
  tooManySubscriptions: () =>
    new ServiceError(429, 'too_many_subscriptions', 'Too many live subscriptions of one address'),
  noSubscriptionsLeft: () =>
    new ServiceError(503, 'no_subscriptions_left', 'Too many live subscriptions'),
  tooManyIngests: (seconds: number) =>
    new ServiceError(429, 'too_many_ingests', 'Too many people to be read at once', {
      headers: { 'retry-after': String(seconds) },
    }),
  imageUnreadable: () => new ServiceError(422, 'image_unreadable', 'The image could not be read'),
  busy: () =>
    new ServiceError(503, 'busy', 'Too much work at once', { headers: { 'retry-after': '1' } }),
}
