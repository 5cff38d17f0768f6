import { reportReady } from '../../src/embedded/child.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import type { TopicName } from '../../src/market/event.ts'
import { indianDerivativeSymbol } from '../../src/market/indian-derivative.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import { createExchange } from '../../src/sandbox/exchange.ts'
import { indianDerivatives } from '../../src/sandbox/indian-derivatives.ts'
import { contractKeyOf } from '../../src/sandbox/vendors/upstox/listing.ts'
import { systemClock } from '../../src/streams/clock.ts'
import type { Feed } from '../../src/streams/feed.ts'
import { tws } from '../../src/streams/ibkr/feed.ts'
import { openTws } from '../../src/streams/ibkr/port.ts'
import { openSocket, type OpenSocket } from '../../src/streams/socket.ts'
import { Supervisor } from '../../src/streams/supervisor.ts'
import { placeReader } from '../../src/streams/tick-place.ts'
import { upstox } from '../../src/streams/upstox/feed.ts'
import { answerQuestions } from '../conversation.ts'
import type { Heard, SoakVendor } from '../soak.ts'
import { SYMBOLS, symbolAt } from '../ticks.ts'

/** The stand-in's market has the seed of the sandbox. */
const SEED = 1
const HANDSHAKE_MS = 30_000
const placeOf = placeReader(new SessionClock(ALWAYS_OPEN).hoursOf)

type Listening = { readonly feed: Feed; readonly open: OpenSocket; readonly symbols: readonly string[] }

/** Shares of the stand-in, at the TWS that listens on a port of this machine. */
function atTws(port: number): Listening {
  const feed = tws({
    host: '127.0.0.1',
    port,
    clientId: 1,
    handshakeMs: HANDSHAKE_MS,
    maxLines: SYMBOLS,
    isSandbox: true,
    canary: { topics: [`trades:${symbolAt(0)}`, `bbo:${symbolAt(0)}`], perMinute: { continuous: 1 } },
    placeOf
  })
  return { feed, open: openTws, symbols: Array.from({ length: SYMBOLS }, (_, index) => symbolAt(index)) }
}

/** Contracts of India, under the keys that the stand-in's master file has for them. */
function atUpstox(sandboxUrl: string): Listening {
  const exchange = createExchange({ seed: SEED, now: Date.now, alwaysOpen: true })
  const contracts = indianDerivatives(exchange).slice(0, SYMBOLS)
  const keys = new Map(contracts.map((contract) => [indianDerivativeSymbol(contract), contractKeyOf(contract)]))
  const symbols = new Map([...keys].map(([symbol, key]) => [key, symbol]))
  const feed = upstox({
    baseUrl: `${sandboxUrl}/upstox`,
    token: () => 'load',
    modes: ['full'],
    keys: { keyOf: (symbol) => keys.get(symbol), symbolOf: (key) => symbols.get(key) },
    isSandbox: true,
    placeOf
  })
  return { feed, open: openSocket, symbols: [...keys.keys()] }
}

const { SOAK_VENDOR, SANDBOX_URL, IBKR_PORT } = process.env as Record<string, string>
const vendors: Record<SoakVendor, () => Listening> = {
  ibkr: () => atTws(Number(IBKR_PORT)),
  upstox: () => atUpstox(SANDBOX_URL!)
}
const { feed, open, symbols } = vendors[SOAK_VENDOR as SoakVendor]()
const heard: Heard = { events: 0, carried: 0, refusals: 0, refused: 0, gaps: 0, connections: 0, state: '' }
const silent = new Map(symbols.map((symbol) => [symbol, 0]))
const supervisor = new Supervisor({
  feeds: [feed],
  fence: 1,
  open,
  clock: systemClock,
  random: Math.random,
  phaseOf: () => 'continuous',
  events: {
    mapped({ events, refusals, unknownFields = [] }) {
      heard.events += events.length
      heard.refusals += refusals.length + unknownFields.length
      for (const { data } of events) if ('symbol' in data) silent.delete(data.symbol)
    },
    changed: () => undefined,
    carrying(carried, refused) {
      heard.carried = carried.size
      heard.refused = refused.size
    },
    gapBegan: () => void heard.gaps++,
    gapEnded: () => undefined,
    notice: (text) => console.error(text)
  }
})

answerQuestions({
  /** Wants trades and the best bid and offer of the first so many instruments; tells how many topics that is. */
  want({ instruments }: { instruments: number }): number {
    const topics = symbols.slice(0, instruments).flatMap((symbol): TopicName[] => [`trades:${symbol}`, `bbo:${symbol}`])
    supervisor.want(new Set(topics))
    return topics.length
  },
  heard(): Heard {
    const { connections, state } = supervisor.status
    return { ...heard, connections, state }
  },
  /** Instruments of which nothing came since the last time that was asked. */
  silent(): number {
    const count = silent.size
    for (const symbol of symbols) silent.set(symbol, 0)
    return count
  }
})
supervisor.start()
reportReady('http://127.0.0.1')
