import { pino } from 'pino'
import { Carrier } from '../../src/demand/carrier.ts'
import { symbolOf } from '../../src/demand/want.ts'
import { ALWAYS_OPEN } from '../../src/market/calendars.ts'
import { SessionClock } from '../../src/market/session-clock.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { openSocket } from '../../src/streams/socket.ts'
import { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { OwnWants } from '../../workers/ingest/own-wants.ts'
import { ReferenceQuotes } from '../../workers/ingest/reference-quotes.ts'
import { StreamCounts } from '../../workers/ingest/stream-counts.ts'
import { StreamOwner } from '../../workers/ingest/stream-owner.ts'
import { configuredUpstreams } from '../../workers/ingest/upstreams.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Api } from '../support/api.ts'

const log = pino({ level: 'silent' })

/**
 * Listens in this process to the simulated streams of Alpaca and Massive, each for a symbol of its own, as the ingestion
 * does for what clients want. Returns how to stop that.
 */
export function listenTo(
  { core: { redis, intake, marketData, stores } }: Api,
  sandbox: Sandbox,
  symbolOfVendor: Readonly<Record<'alpaca' | 'massive', string>>,
  tickMs: number
): () => Promise<void> {
  const clock = new SessionClock(ALWAYS_OPEN)
  const env = { SANDBOX_URL: sandbox.url, SANDBOX_TICK_MS: String(tickMs), MASSIVE_API_KEY: 'ingest' }
  const gaps = new GapWriter({ gaps: stores.gaps, instruments: stores.instruments, log })
  const references = new ReferenceQuotes({ marketData, intake, now: Date.now })
  const wants = new OwnWants([])
  const demand = new Carrier({ redis, log, processId: 'demand' })
  const upstreams = configuredUpstreams(loadConfig(env), clock.hoursOf)
  const owners = upstreams.map(({ feeds, open = openSocket }, at) => {
    const { source } = feeds[0]!
    const isOwn = (topic: string) => symbolOf(topic) === symbolOfVendor[source as 'alpaca' | 'massive']
    const carrier = new Carrier({ redis, log, processId: `ingest.${at}` })
    const owner = new StreamOwner({
      feeds: feeds.map((feed) => ({
        ...feed,
        serves: (topic) => isOwn(topic) && feed.serves(topic),
        canary: undefined
      })),
      open,
      redis,
      log,
      processId: 'ingest',
      intake,
      carrier,
      wanted: () => wants.wanted.values(),
      betters: () => [],
      said: () => [],
      gaps,
      references,
      instruments: () => undefined,
      news: () => undefined,
      sessionStart: () => undefined,
      phaseOf: () => 'continuous',
      counts: new StreamCounts()
    })
    return { owner, carrier }
  })
  const following = (async () => {
    for await (const change of demand.wanted()) {
      wants.clientsWant(change)
      for (const { owner } of owners) owner.demandChanged()
    }
  })()
  return async () => {
    await demand.close()
    await following
    for (const { owner, carrier } of owners) {
      await owner.close()
      await carrier.close()
    }
    await references.close()
    await gaps.close()
  }
}
