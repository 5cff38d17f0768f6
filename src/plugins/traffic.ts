import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { LatencyHistogram } from '../metrics/latency-histogram.ts'

export type TrafficOptions = { config: Pick<Config, 'LOG_SAMPLE_EVERY' | 'SLOW_REQUEST_MS'>; log: Logger }

declare module 'fastify' {
  interface FastifyInstance {
    traffic: Traffic
  }
  interface FastifyContextConfig {
    /** The route's handler calls `finished` itself, sparing a hot path a hook after each response. */
    finishesItself?: true
  }
}

type Exchange = Pick<FastifyRequest, 'startedAt' | 'principal'> & { readonly id?: string }

/** What happened on one route. */
export class RouteTraffic {
  readonly method: string
  readonly route: string
  readonly latency = new LatencyHistogram()
  readonly #log: Logger
  readonly #slowMs: number
  readonly #sample: () => boolean

  constructor(method: string, route: string, { config, log }: TrafficOptions, sample: () => boolean) {
    this.method = method
    this.route = route
    this.#log = log
    this.#slowMs = config.SLOW_REQUEST_MS
    this.#sample = sample
  }

  /** Counts an answered request; logs it when it was slow or its turn in the sample has come. */
  finished(exchange: Exchange, statusCode: number): void {
    const durationMs = performance.now() - exchange.startedAt
    this.latency.observe(statusCode, durationMs / 1000)
    const slow = durationMs > this.#slowMs
    if (!slow && !this.#sample()) return
    const { id: requestId, principal } = exchange
    const line = { requestId, method: this.method, route: this.route, statusCode, durationMs, user: principal?.name }
    if (slow) this.#log.warn(line, 'slow request')
    else this.#log.info(line, 'request')
  }
}

/** All routes of the process, each with its own counts. */
export class Traffic implements Iterable<RouteTraffic> {
  readonly #options: TrafficOptions
  readonly #routes = new Map<string, RouteTraffic>()
  #untilSample: number

  constructor(options: TrafficOptions) {
    this.#options = options
    this.#untilSample = options.config.LOG_SAMPLE_EVERY
  }

  route(method: string, url: string): RouteTraffic {
    const key = `${method} ${url}`
    let traffic = this.#routes.get(key)
    if (!traffic) {
      traffic = new RouteTraffic(method, url, this.#options, this.#sample)
      this.#routes.set(key, traffic)
    }
    return traffic
  }

  [Symbol.iterator](): Iterator<RouteTraffic> {
    return this.#routes.values()
  }

  readonly #sample = (): boolean => {
    if (--this.#untilSample !== 0) return false
    this.#untilSample = this.#options.config.LOG_SAMPLE_EVERY
    return true
  }
}

/** Measures every route, and logs errors and slow requests always, others by sample. */
export const traffic = fp<TrafficOptions>(
  async (app, options) => {
    const traffic = new Traffic(options)
    app.decorate('traffic', traffic)
    app.addHook('onRoute', (route) => {
      if (route.config?.finishesItself) return
      const counts = traffic.route(String(route.method), route.url)
      const finish = (request: FastifyRequest, reply: { statusCode: number }, done: () => void) => {
        counts.finished(request, reply.statusCode)
        done()
      }
      route.onResponse = [route.onResponse ?? [], finish].flat()
    })
  },
  { name: 'traffic' }
)
