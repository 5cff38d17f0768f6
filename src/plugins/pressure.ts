import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { Config } from '../config/config.ts'

const SAMPLE_MS = 1000
/** Starting itself keeps the event loop busy: that says nothing of what requests will do. */
const SAMPLES_OF_THE_START = 3

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether this process is too busy to take more work. */
    isOverloaded(): boolean
  }
}

/**
 * Watches the delay of the event loop (a busy loop that answers in time is not overloaded). The watcher's own request hook
 * stays in a scope without routes, because a second hook on every request costs more than the question it asks: the gate
 * asks `isOverloaded` instead.
 */
export const pressure = fp<{ config: Pick<Config, 'MAX_EVENT_LOOP_DELAY_MS'> }>(
  async (app, { config }) => {
    await app.register(async (scope) => {
      await scope.register(underPressure, {
        maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
        sampleInterval: SAMPLE_MS
      })
      let meansSomethingFrom = Infinity
      const begin = async () => void (meansSomethingFrom = performance.now() + SAMPLES_OF_THE_START * SAMPLE_MS)
      app.addHook('onReady', begin)
      app.addHook('onListen', begin)
      // The plugin takes a second without a single sample for an endless delay.
      const isMeasured = () => Number.isFinite(scope.memoryUsage().eventLoopDelay)
      app.decorate(
        'isOverloaded',
        () => scope.isUnderPressure() && performance.now() > meansSomethingFrom && isMeasured()
      )
    })
  },
  { name: 'pressure' }
)
