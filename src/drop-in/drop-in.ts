import fp from 'fastify-plugin'
import { alpacaRoutes } from './alpaca/routes.ts'
import { massiveRoutes } from './massive/routes.ts'
import type { DropInOptions } from './options.ts'
import { StreamClients } from './stream/stream-clients.ts'
import { udfRoutes } from './udf/routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Clients of vendors' streams. */
    vendorStreams: StreamClients
  }
}

/**
 * Serves programs that were written for a vendor, in that vendor's protocol: from the stores, the cache and the hub that our
 * own routes are served from. Stands before the live side, so that it stops first: who leaves here still changes what the
 * live side wants.
 */
export const dropIn = fp<DropInOptions>(
  async (app, options) => {
    const streams = new StreamClients(options.config.WS_MAX_CONNECTIONS)
    app.decorate('vendorStreams', streams)
    app.addHook('onReady', async () => streams.start(app.live.context))
    app.revocations.listen(() => streams.check())
    app.addHook('preClose', () => streams.close())
    await app.register(alpacaRoutes, { ...options, prefix: '/drop-in/alpaca/v2/stocks' })
    await app.register(massiveRoutes, { ...options, prefix: '/drop-in/massive' })
    await app.register(udfRoutes, { ...options, prefix: '/udf' })
  },
  { name: 'drop-in', dependencies: ['resources', 'tokens', 'gate', 'pressure'] }
)
