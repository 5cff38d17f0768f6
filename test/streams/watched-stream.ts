import type { TopicName } from '../../src/market/event.ts'
import type { SessionPhase } from '../../src/market/session.ts'
import { alpaca } from '../../src/streams/alpaca/feed.ts'
import type { AlpacaFeedName } from '../../src/streams/alpaca/endpoints.ts'
import type { StreamStatus } from '../../src/streams/stream-status.ts'
import { Supervisor } from '../../src/streams/supervisor.ts'
import type { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { SimulatedClock } from './simulated-clock.ts'
import { Vendor } from './vendor.ts'

type Gap = { reason: string; from: number; until?: number; feed: string }

type StreamOptions = {
  readonly feeds?: readonly AlpacaFeedName[]
  readonly random?: () => number
  /** Is told of gaps too. */
  readonly ledger?: Pick<GapWriter, 'begin' | 'end'>
}

/** A supervisor with one vendor, in simulated time, and all that it tells. */
export function stream({ feeds = ['iex'], random = () => 0.5, ledger }: StreamOptions = {}) {
  const clock = new SimulatedClock()
  const vendor = new Vendor(clock)
  const statuses: StreamStatus[] = []
  const gaps: Gap[] = []
  const trades: string[] = []
  /** When each of them was traded. */
  const instants: string[] = []
  const notices: string[] = []
  let phase: SessionPhase = 'continuous'
  let carried: ReadonlySet<TopicName> = new Set()
  const credential = { key: 'AK', secret: 'secret-of-AK' }
  const supervisor = new Supervisor({
    feeds: feeds.map((name) =>
      alpaca({ name, credential: () => credential, placeOf: () => ({ tradeDate: '2026-11-30', session: 'regular' }) })
    ),
    fence: 1,
    open: vendor.open,
    clock,
    random,
    phaseOf: () => phase,
    events: {
      mapped({ events }) {
        trades.push(...events.map(({ data }) => ('symbol' in data ? data.symbol : '')))
        instants.push(...events.map(({ data }) => ('timestamp' in data ? data.timestamp : '')))
      },
      changed: (status) => statuses.push(status),
      carrying: (topics) => (carried = topics),
      gapBegan({ reason, from }, { name, source, feed }) {
        gaps.push({ reason, from, feed: name })
        ledger?.begin({ source, feed, reason }, from)
      },
      gapEnded(reason, until, { source, feed }) {
        ledger?.end({ source, feed, reason }, until)
        const gap = gaps.findLast((each) => each.reason === reason && each.until === undefined)
        if (gap) gap.until = until
        else throw new Error(`no ${reason} grew`)
      },
      notice: (text) => notices.push(text)
    }
  })
  return {
    clock,
    vendor,
    supervisor,
    statuses,
    gaps,
    trades,
    instants,
    notices,
    credential,
    carried: () => carried,
    setPhase: (next: SessionPhase) => (phase = next),
    state: () => supervisor.status.state,
    /** The canary trades, twice a second. */
    trading: (lengthMs: number) => {
      for (let passed = 0; passed < lengthMs; passed += 500) {
        clock.pass(500)
        vendor.trade('SPY')
      }
    }
  }
}
