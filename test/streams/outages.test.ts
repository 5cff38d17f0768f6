import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createDatabase } from '../../db/client.ts'
import { createStores } from '../../db/stores.ts'
import { GapWriter } from '../../workers/ingest/gap-writer.ts'
import { testDatabase } from '../support/services.ts'
import { randomOf } from '../support/random.ts'
import { stream } from './watched-stream.ts'

const OUTAGES = 200
const TICK_MS = 500
/** Between two outages the vendor is well for so long. */
const CALM_MS = 90_000
const MIN_OUTAGE_MS = 10_000
const MAX_OUTAGE_MS = 90_000
/** Clocks are set by more than they may drift, and less than the calm that follows. */
const MIN_STEP_MS = 3000
const MAX_STEP_MS = 60_000
/** Each attempt that is refused waits for up to 72 s. */
const PATIENCE_MS = 900_000
/** Whether the clock was set, or the process stood still, is seen so often. */
const LOOK_EVERY_MS = 1000

type Stream = ReturnType<typeof stream>
/** What was told by the clock when it began, when it was over and when trades came again, epoch ms. */
type Outage = { readonly kind: string; readonly reason: string; readonly instants: readonly number[] }

/** What goes wrong, and the reason under which the ledger holds it. `trading` lets time pass in which the vendor's market trades. */
const KINDS: Readonly<
  Record<string, { reason: string; begin(on: Stream, trading: (lengthMs: number) => void, lengthMs: number): void }>
> = {
  'mute socket': {
    reason: 'mute',
    begin({ vendor }, trading, lengthMs) {
      vendor.isMute = true
      trading(lengthMs)
      vendor.isMute = false
    }
  },
  'half-open socket': {
    reason: 'mute',
    begin({ vendor }, trading, lengthMs) {
      vendor.isDeaf = true
      trading(lengthMs)
      vendor.isDeaf = false
    }
  },
  disconnect: { reason: 'outage', begin: ({ vendor }) => vendor.cut() },
  'slow client': {
    reason: 'outage',
    begin({ vendor }) {
      vendor.error(407, 'slow client')
      vendor.cut()
    }
  },
  eviction: {
    reason: 'outage',
    begin({ vendor }) {
      vendor.next('full')
      vendor.error(406, 'connection limit exceeded')
    }
  },
  'refused handshakes': {
    reason: 'outage',
    begin({ vendor }) {
      vendor.next('unreachable', 'hangs', 'no_acknowledgements', 'unreachable')
      vendor.cut()
    }
  },
  'paused process': { reason: 'suspended', begin: ({ clock }, _trading, lengthMs) => clock.standStill(lengthMs) },
  'clock set forward': {
    reason: 'suspended',
    begin: ({ clock }, _trading, lengthMs) => clock.stepWall(stepOf(lengthMs))
  },
  'clock set back': {
    reason: 'suspended',
    begin: ({ clock }, _trading, lengthMs) => clock.stepWall(-stepOf(lengthMs))
  }
}

const stepOf = (lengthMs: number): number => {
  const share = (lengthMs - MIN_OUTAGE_MS) / (MAX_OUTAGE_MS - MIN_OUTAGE_MS)
  return Math.round(MIN_STEP_MS + share * (MAX_STEP_MS - MIN_STEP_MS))
}

test('the ledger lists exactly the outages that there were, of every kind, and nothing is missing outside of them', async () => {
  const server = await testDatabase()
  const database = createDatabase({ url: server.url })
  onTestFinished(async () => {
    await database.close()
    await server.close()
  })
  const { gaps, instruments } = createStores(database)
  const ledger = new GapWriter({ gaps, instruments, log: pino({ level: 'silent' }) })
  const random = randomOf(20_261_130)
  const on = stream({ random, ledger })
  const { clock, vendor, supervisor, instants } = on
  const tape: number[] = []
  const trading = (lengthMs: number) => {
    for (let passed = 0; passed < lengthMs; passed += TICK_MS) {
      clock.pass(TICK_MS)
      tape.push(clock.now())
      vendor.trade('SPY')
    }
  }
  supervisor.start()
  trading(CALM_MS)
  // Before the first acknowledgement nothing could be missed.
  tape.splice(0, tape.length - instants.length)

  const names = Object.keys(KINDS)
  const outages: Outage[] = []
  for (let number = 0; number < OUTAGES; number++) {
    const kind = names[number < names.length ? number : Math.floor(random() * names.length)]!
    const outage = KINDS[kind]!
    const from = clock.now()
    outage.begin(on, trading, MIN_OUTAGE_MS + Math.floor(random() * (MAX_OUTAGE_MS - MIN_OUTAGE_MS)))
    const over = clock.now()
    const seen = instants.length
    for (let waited = 0; waited < PATIENCE_MS && (on.state() !== 'live' || instants.length === seen); waited += TICK_MS)
      trading(TICK_MS)
    expect([kind, on.state()]).toEqual([kind, 'live'])
    outages.push({ kind, reason: outage.reason, instants: [from, over, clock.now()] })
    trading(CALM_MS)
  }
  await ledger.close()

  const rows = await database.sql<{ reason: string; from: number; until: number | null }[]>`
    select reason, (extract(epoch from from_at) * 1000)::float8 as from, (extract(epoch from until_at) * 1000)::float8 as until
    from gaps order by id`
  expect(rows.map(({ reason }, at) => [outages[at]?.kind, reason])).toEqual(
    outages.map(({ kind, reason }) => [kind, reason])
  )
  const wrong = rows.filter(({ from, until }, at) => {
    const known = outages[at]!.instants
    return until === null || from < Math.min(...known) - LOOK_EVERY_MS || until > Math.max(...known) + LOOK_EVERY_MS
  })
  expect(wrong).toEqual([])
  const received = new Set(instants.map((instant) => Date.parse(instant)))
  const isHeld = (at: number) => rows.some(({ from, until }) => from <= at && at <= until!)
  expect(tape.filter((at) => !received.has(at) && !isHeld(at))).toEqual([])
  expect(tape.length).toBeGreaterThan(received.size)
})
