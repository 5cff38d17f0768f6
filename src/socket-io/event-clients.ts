import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'
import type { Arrival } from '../hub/live-server.ts'
import { Bridge } from './bridge.ts'
import { PlainEntrance } from './plain-entrance.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Clients that speak in events; there once the application is ready. */
    eventClients: {
      readonly bridge: Bridge
      /** Takes a WebSocket whose frames are events. */
      accept(arrival: Arrival): void
    }
  }
}

/**
 * Clients that speak in events, by Socket.IO or by plain WebSocket. Stands before the live side, so that it stops first: who leaves
 * here still changes what the live side wants.
 */
export const eventClients = fp<{ config: Config }>(
  async (app, { config }) => {
    let parts: { bridge: Bridge; entrance: PlainEntrance } | undefined
    app.decorate('eventClients', {
      get bridge() {
        return parts!.bridge
      },
      accept: (arrival: Arrival) => parts!.entrance.accept(arrival)
    })
    app.addHook('onReady', async () => {
      const bridge = new Bridge(app.live.context)
      parts = { bridge, entrance: new PlainEntrance({ live: app.live, bridge, config }) }
      app.metrics.watch({ socketIo: bridge })
      app.revocations.listen(() => bridge.check())
    })
    app.addHook('preClose', async () => {
      await parts?.entrance.close()
      parts?.bridge.close()
    })
  },
  { name: 'event-clients', dependencies: ['resources', 'tokens', 'gate', 'pressure'] }
)
