import { ask } from './conversation.ts'
import { HUB, measureRound, sourceOf, type Side, type Start } from './fan-out-round.ts'
import type { ClientsWanted, Delivery } from './fan-out-clients.ts'
import { median, type Server } from './processes.ts'

const APPENDED_CLIENTS = 1000
const APPENDED_PER_SECOND = 1000
const APPENDED_ROUNDS = 5
/** V8 has compiled what a read from Redis runs through after some ten thousand of them; until then garbage outlives it. */
const APPENDED_WARM_ROUNDS = 7
const APPENDED_SECONDS = 2
const IDLE_CLIENTS = 4000
const READING_CLIENTS = 900
const STALLED_CLIENTS = 100
const STALLED_SYMBOLS = 500
const STALL_TICKS_PER_SECOND = 40_000
const STALL_ROUNDS = 3
const STALL_SECONDS = 2
const MAX_FILLS = 4
const SETTLE_POLL_MS = 500
const MIB = 2 ** 20

type State = { rssBytes: number; slow: number; conflated: number; closed: Record<string, number> }

/** Latency at an easy rate, from append to receipt. */
export async function measureAppended(start: Start, producer: Server): Promise<{ p50Ms: number; p99Ms: number }> {
  const server = await start(HUB)
  const clients = await openClients(start, server.url, APPENDED_CLIENTS, { stream: 'trades' })
  const source = await sourceOf(server, producer)
  const side: Side = { server, clients, ticksPerSecond: APPENDED_PER_SECOND, source }
  const rounds: Delivery[] = []
  for (let round = -APPENDED_WARM_ROUNDS; round < APPENDED_ROUNDS; round++) {
    const delivery = await measureRound(side, { stream: 'trades', seconds: APPENDED_SECONDS })
    if (round >= 0) rounds.push(delivery)
  }
  await Promise.all([server, clients].map((each) => each.stop()))
  for (const { p50Ms, p99Ms, p999Ms } of rounds) {
    const shown = [p50Ms, p99Ms, p999Ms].map((ms) => ms.toFixed(2)).join(' / ')
    console.log(`append to receipt at ${APPENDED_PER_SECOND} ticks/s: p50 / p99 / p99.9 ${shown} ms`)
  }
  return { p50Ms: median(rounds.map(({ p50Ms }) => p50Ms)), p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)) }
}

/** Growth of the server by clients that authenticated, subscribed, and get nothing. */
export async function measureIdle(start: Start): Promise<number> {
  const server = await start(HUB, { nodeOptions: ['--expose-gc'] })
  await openClients(start, server.url, 200)
  const before = await settled(server.child)
  await openClients(start, server.url, IDLE_CLIENTS)
  const after = await settled(server.child)
  return Math.round((after.rssBytes - before.rssBytes) / IDLE_CLIENTS)
}

/** Quotes for clients that read, in rounds with and without others that subscribe to much and read nothing. */
export async function measureStalled(
  start: Start,
  producer: Server
): Promise<{ stalledRssGrowthMiB: number; stalledP99Ratio: number }> {
  const server = await start(HUB, { nodeOptions: ['--expose-gc'] })
  const clients = await openClients(start, server.url, READING_CLIENTS)
  const source = await sourceOf(server, producer)
  const side: Side = { server, clients, ticksPerSecond: STALL_TICKS_PER_SECOND, source }
  const how = { stream: 'quotes', seconds: STALL_SECONDS } as const
  // The hub's memory of recent events fills first.
  for (let round = 0; round < STALL_ROUNDS; round++) await measureRound(side, how)
  const ratios: number[] = []
  const growth: number[] = []
  for (let round = 0; round < STALL_ROUNDS; round++) {
    const reading = await measureRound(side, how)
    const before = await settled(server.child)
    const stalling = await openClients(start, server.url, STALLED_CLIENTS, { symbolsEach: STALLED_SYMBOLS })
    await ask(stalling.child, 'stall')
    // The kernel takes megabytes for each of them before the server sees that they do not read.
    let after = before
    for (let fill = 0; after.slow - before.slow < STALLED_CLIENTS && fill < MAX_FILLS; fill++) {
      await measureRound(side, how)
      after = await ask<State>(server.child, 'state')
    }
    const stalled = await measureRound(side, how)
    after = await settled(server.child)
    if (after.slow === before.slow) throw new Error('no client fell behind: the kernel took everything')
    ratios.push(stalled.p99Ms / reading.p99Ms)
    growth.push((after.rssBytes - before.rssBytes) / MIB)
    console.log(
      `${STALLED_CLIENTS} of ${READING_CLIENTS + STALLED_CLIENTS} clients read nothing, ${after.slow - before.slow} fell ` +
        `behind: p99 of the others ${reading.p99Ms.toFixed(2)} -> ${stalled.p99Ms.toFixed(2)} ms, ` +
        `memory ${growth.at(-1)!.toFixed(1)} MiB more`
    )
    await stalling.stop()
  }
  await Promise.all([server, clients].map((each) => each.stop()))
  return { stalledRssGrowthMiB: rounded(median(growth)), stalledP99Ratio: rounded(median(ratios)) }
}

async function openClients(start: Start, url: string, count: number, how: Partial<ClientsWanted> = {}) {
  const clients = await start('load/fan-out-clients.ts', { processor: 1 })
  const wanted: ClientsWanted = {
    url,
    dialect: 'quotewire',
    stream: 'quotes',
    clients: count,
    symbolsEach: 50,
    isShared: false,
    ...how
  }
  await ask(clients.child, 'open', wanted)
  return clients
}

/** Freed memory goes back to the system late: waits until less is not to be had. */
async function settled(child: Parameters<typeof ask>[0]): Promise<State> {
  let state = await ask<State>(child, 'state')
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MS))
    const next = await ask<State>(child, 'state')
    if (next.rssBytes > state.rssBytes - MIB) return next
    state = next
  }
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
