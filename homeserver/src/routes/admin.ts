import type { FastifyInstance } from 'fastify'
import { davRoutes } from '../admin/dav.ts'
import { entryRoutes } from '../admin/entries.ts'
import { adminEventRoutes } from '../admin/events.ts'
import { createGuard } from '../admin/guard.ts'
import { pageRoutes } from '../admin/page.ts'
import { statsRoutes } from '../admin/stats.ts'
import { tokenRoutes } from '../admin/tokens.ts'
import { userRoutes } from '../admin/users.ts'
import { tellAway } from '../away.ts'
import type { Context } from '../context.ts'
import { cors } from './cors.ts'

/** The admin API (spec/homeserver.md 7). Everything but the greeting asks for the password first. */
export function adminRoutes(app: FastifyInstance, ctx: Context): void {
  // Pages of other origins have nothing to look for there.
  cors(app, ({ routeOptions }) => routeOptions.url?.startsWith('/dav') ?? false)
  const guard = createGuard(ctx)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
  pageRoutes(app)
  davRoutes(app, ctx, guard)
  app.register(async (scope) => {
    scope.setErrorHandler(tellAway)
    scope.addHook('onRequest', async (request) => guard.header(request))
    tokenRoutes(scope, ctx)
    userRoutes(scope, ctx)
    statsRoutes(scope, ctx)
    entryRoutes(scope, ctx)
    adminEventRoutes(scope, ctx)
  })
}
