import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerControl } from './control.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { readBody } from './request-body.ts'
import { RequestLog } from './request-log.ts'
import { parseScenario, Scenarios, viewUnder, type ActiveScenario, type Scenario } from './scenarios.ts'
import { serveStreams } from './streams/serve-streams.ts'
import { TWS } from './streams/stream-vendor-names.ts'
import { serveTws } from './streams/tws/tws.ts'
import { alpaca } from './vendors/alpaca/alpaca.ts'
import { alphaVantage } from './vendors/alpha-vantage/alpha-vantage.ts'
import { fmp } from './vendors/fmp/fmp.ts'
import { massive } from './vendors/massive/massive.ts'
import { tiingo } from './vendors/tiingo/tiingo.ts'
import { upstoxAssets } from './vendors/upstox-assets/upstox-assets.ts'
import {
  htmlPage,
  json,
  VENDOR_NAMES,
  type Vendor,
  type VendorAnswer,
  type VendorName,
  type VendorRequest
} from './vendors/vendor.ts'
import type { Instrument } from './universe/instrument.ts'
import { Accounts } from './vendors/upstox/accounts.ts'
import { upstox } from './vendors/upstox/upstox.ts'
import { yahoo } from './vendors/yahoo/yahoo.ts'

const DEFAULT_SEED = 1
const DEFAULT_TICK_MS = 1000
const DEFAULT_TWS_LINES = 100

export type SandboxOptions = {
  /** 127.0.0.1 unless told. */
  host?: string
  /** A free one unless told. */
  port?: number
  /** Where TWS is served, 0 for a free port, `next` for the one behind `port`; it is not unless told. */
  twsPort?: number | 'next'
  /** Market data lines that TWS gives each client; a hundred unless told, as most accounts have. */
  twsMaxLines?: number
  seed?: number
  now?: () => number
  /** True unless told: every exchange trades around the clock. False keeps the exchanges' hours. */
  alwaysOpen?: boolean
  /** How often prices move; every second unless told. */
  tickMs?: number
  /** What is listed; see ExchangeOptions. */
  instruments?: readonly Instrument[]
}

/** A running sandbox. Each vendor's base URL is `url` and the vendor's name: `http://127.0.0.1:3900/yahoo`. */
export type Sandbox = {
  readonly url: string
  /** Undefined where it is not served. */
  readonly twsPort: number | undefined
  readonly exchange: Exchange
  readonly requests: RequestLog
  /** Turns a scenario on; the function that comes back turns it off. Throws ScenarioError for an impossible one. */
  scenario(scenario: Scenario): () => void
  endScenarios(): void
  close(): Promise<void>
}

/** Starts a simulated exchange behind stand-ins for the vendors. Rejects when the port is taken. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, seed = DEFAULT_SEED, alwaysOpen = true, tickMs = DEFAULT_TICK_MS } = options
  const clock = options.now ?? Date.now
  const now = () => Math.floor(clock() / tickMs) * tickMs
  const exchange = createExchange({
    seed,
    now,
    alwaysOpen,
    tickMs,
    ...(options.instruments && { instruments: options.instruments })
  })
  const scenarios = new Scenarios(seed)
  const requests = new RequestLog()
  const upstoxAccounts = new Accounts(clock)
  const vendors: Record<VendorName, Vendor> = {
    yahoo: yahoo(exchange),
    fmp: fmp(exchange),
    'alpha-vantage': alphaVantage(exchange),
    tiingo: tiingo(exchange),
    alpaca: alpaca(exchange, tickMs),
    massive: massive(exchange, tickMs),
    'upstox-assets': upstoxAssets(exchange),
    upstox: upstox(exchange, upstoxAccounts)
  }
  const pending = new Set<NodeJS.Timeout>()

  function handle(incoming: IncomingMessage, response: ServerResponse): void {
    const target = `http://sandbox${incoming.url ?? '/'}`
    if (!URL.canParse(target)) return send(response, json({ error: 'The address is not well-formed' }, 400))
    const url = new URL(target)
    const [, prefix = ''] = url.pathname.split('/')
    if (isVendorName(prefix)) {
      return readBody(incoming, (body) => serve(prefix, url, incoming, body ?? '', response))
    }
    answerControl({ incoming, url, scenarios, requests, exchange, send: (answer) => send(response, answer) })
  }

  function serve(
    name: VendorName,
    url: URL,
    { headers }: IncomingMessage,
    body: string,
    response: ServerResponse
  ): void {
    const path = decoded(url.pathname.slice(name.length + 1)) || '/'
    const request: VendorRequest = { path, query: url.searchParams, headers, body, at: now() }
    const endpoint = vendors[name].endpoint(request)
    requests.add(name, endpoint)
    const drawn = scenarios.drawFor(name, endpoint)
    const is = (kind: Scenario['scenario']) => drawn.some(({ scenario }) => scenario === kind)
    if (is('down')) return void response.destroy()
    // A mute vendor keeps the connection until the client gives up or the sandbox closes.
    if (is('mute')) return
    const delayMs = delayOf(drawn)
    const reply = () => send(response, answerUnder(name, request, drawn))
    if (delayMs === 0) return reply()
    const timer = setTimeout(() => {
      pending.delete(timer)
      reply()
    }, delayMs)
    pending.add(timer)
  }

  function delayOf(drawn: readonly ActiveScenario[]): number {
    return drawn.reduce((total, { scenario, delayMs = 0, jitterMs = 0 }) => {
      return scenario === 'latency' ? total + delayMs + Math.floor(jitterMs * scenarios.random()) : total
    }, 0)
  }

  function answerUnder(name: VendorName, request: VendorRequest, drawn: readonly ActiveScenario[]): VendorAnswer {
    const vendor = vendors[name]
    for (const { scenario, retryAfterSeconds } of drawn) {
      if (scenario === 'html') return htmlPage('Service temporarily unavailable', 200)
      if (scenario === 'rate_limited') {
        const refusal = vendor.refusals[scenario](request)
        if (retryAfterSeconds === undefined) return refusal
        return { ...refusal, headers: { ...refusal.headers, 'retry-after': String(retryAfterSeconds) } }
      }
      if (scenario === 'server_error' || scenario === 'plan_refused') return vendor.refusals[scenario](request)
      // Where Yahoo asks for no crumb, a bad one does no harm.
      const harmless = name === 'yahoo' && !request.query.has('crumb')
      if (scenario === 'bad_crumb' && !harmless) return vendor.refusals[scenario](request)
    }
    try {
      return vendor.answer(request, viewUnder(exchange, drawn))
    } catch (error) {
      // One request that a stand-in cannot handle must not end the market for all others.
      return json({ error: `The sandbox failed: ${String(error)}` }, 500)
    }
  }

  const server = createServer(handle)
  const streams = serveStreams({ server, exchange, tickMs, scenarios, upstoxAccounts })
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const twsPort = options.twsPort === 'next' ? address.port + 1 : options.twsPort
  const tws =
    twsPort === undefined
      ? undefined
      : await serveTws({
          exchange,
          tickMs,
          troubles: () => scenarios.drawFor(TWS, '/'),
          host,
          port: twsPort,
          maxLines: options.twsMaxLines ?? DEFAULT_TWS_LINES
        })
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address

  return {
    url: `http://${authority}:${address.port}`,
    twsPort: tws?.port,
    exchange,
    requests,
    scenario(scenario) {
      const { id } = scenarios.add(parseScenario(scenario))
      return () => void scenarios.end(id)
    },
    endScenarios: () => void scenarios.end(),
    async close() {
      for (const timer of pending) clearTimeout(timer)
      pending.clear()
      streams.close()
      await tws?.close()
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}

function send(response: ServerResponse, { status, contentType, body, headers }: VendorAnswer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'x-market': 'sandbox',
    ...(headers as Record<string, string | string[]> | undefined)
  })
  response.end(body)
}

function isVendorName(text: string): text is VendorName {
  return (VENDOR_NAMES as readonly string[]).includes(text)
}

/** A path that is not well-formed stays as it is; no vendor knows it. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
