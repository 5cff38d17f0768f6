import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UNIVERSE } from '../src/sandbox/universe/universe.ts'
import { measureBesideTicks, type BesideTicks } from './beside-ticks.ts'
import { measureRound, type Round, type RoundOptions } from './http-load.ts'
import { median, startServer, type Server } from './processes.ts'
import { startWorld, tokenFor, type World } from './world.ts'

const SYMBOLS = 400
const USERS = 8
const BATCH = 100
const ROUNDS = 9
const ROUND_SECONDS = 2
const HALF_RATE_ROUNDS = 5
const CONNECTIONS = 64
const BATCH_CONNECTIONS = 16
const TICKED_ROUNDS = 5
const TICKS_PER_SECOND = 100_000
const COLD_REQUESTS = 1000
const COLD_LATENCY_MS = 300
const SESSION_SYMBOLS = ['AZN.L', 'BP.L']

type Requests = { path: string; headers: Record<string, string> }[]

/**
 * A cached quote over the full path (token, per-user limit, memory, metrics, sampled log) against bare Fastify that
 * returns the same bytes and against the usual plugin stack; a batch of 100 against JSON.stringify of the same
 * objects; and what a thousand requests for one cold symbol on two API processes cost upstream.
 */
export async function run(): Promise<Record<string, number>> {
  const world = await startWorld()
  const folder = await mkdtemp(join(tmpdir(), 'quotewire-load-'))
  const servers: Server[] = []
  const start = async (entry: string, env: Record<string, string>) => {
    const server = await startServer(entry, env)
    servers.push(server)
    return server
  }
  try {
    const api = await start('src/server.ts', world.env)
    const tokens = await Promise.all(
      Array.from({ length: USERS }, async (_, index) => tokenFor(api, await world.createKey(`load-${index}`)))
    )
    const symbols = await warm(api, tokens[0]!)
    const one = symbols.map((symbol, index) => request(`quote/${symbol}`, tokens[index % USERS]!))
    const batch = [request(`quotes?symbols=${symbols.slice(0, BATCH).join(',')}`, tokens[0]!)]

    const bodies = join(folder, 'bodies.json')
    const [quote, quotes] = [await bodyOf(api, one[0]!), await bodyOf(api, batch[0]!)]
    await writeFile(bodies, JSON.stringify({ quote, quotes }))
    const bare = await start('load/servers/bare.ts', { LOAD_BODIES: bodies })
    const conventional = await start('load/servers/conventional.ts', {
      REDIS_URL: world.redisUrl,
      JWT_SECRET: world.env['JWT_SECRET']!
    })

    const clients = await startServer('load/http-clients.ts', {}, { processor: 1 })
    servers.push(clients)
    const renew = () => warm(api, tokens[0]!)
    const asked = { clients, seconds: ROUND_SECONDS, requests: one, connections: CONNECTIONS }
    const rounds = await interleaved({ full: api, bare, conventional }, asked, renew)
    const askedBatch = { ...asked, requests: batch, connections: BATCH_CONNECTIONS }
    const batches = await interleaved({ full: api, bare }, askedBatch, renew)
    const ticker = await startServer('load/servers/quote-ticks.ts', { REDIS_URL: world.redisUrl }, { processor: 1 })
    servers.push(ticker)
    for (const other of [bare, conventional]) other.pause()
    const ticked: BesideTicks[] = []
    const ticks = { symbols: symbols.slice(BATCH), perSecond: TICKS_PER_SECOND }
    for (let round = 0; round < TICKED_ROUNDS; round++) {
      await renew()
      ticked.push(await measureBesideTicks({ server: api, ...askedBatch }, ticker, ticks))
    }
    bare.resume()
    const halfRate = Math.round(median(rounds['full']!.map((each) => each.requestsPerSecond)) / 2)
    const half = await interleaved({ full: api, bare }, { ...asked, rate: halfRate }, renew, HALF_RATE_ROUNDS)
    const coldUpstreamCalls = await measureCold(world, tokens[0]!, start)
    return report({ rounds, batches, ticked, half, halfRate, coldUpstreamCalls })
  } finally {
    for (const server of servers.toReversed()) await server.stop()
    await world.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const request = (path: string, token: string) => ({
  path: `/api/v1/market/${path}`,
  headers: { authorization: `Bearer ${token}` }
})

/** Has the API load (or renew) every symbol, so that what follows is answered from its memory. */
async function warm(api: Server, token: string): Promise<string[]> {
  const symbols = UNIVERSE.slice(0, SYMBOLS).map(({ symbol }) => symbol)
  for (let at = 0; at < symbols.length; at += BATCH) {
    const { path, headers } = request(`quotes?symbols=${symbols.slice(at, at + BATCH).join(',')}`, token)
    const response = await fetch(api.url + path, { headers })
    const { quotes } = (await response.json()) as { quotes: { symbol: string }[] }
    if (quotes.length !== Math.min(BATCH, symbols.length - at)) throw new Error('a symbol of the sandbox has no quote')
  }
  return symbols
}

async function bodyOf(api: Server, { path, headers }: Requests[number]): Promise<string> {
  return (await fetch(api.url + path, { headers })).text()
}

/** Rounds of every server in turn, A B C A B C, so that a drift of the machine's speed meets them all. */
async function interleaved(
  servers: Record<string, Server>,
  asked: Omit<RoundOptions, 'server'>,
  beforeRound: () => Promise<unknown>,
  count = ROUNDS
): Promise<Record<string, Round[]>> {
  const rounds: Record<string, Round[]> = Object.fromEntries(Object.keys(servers).map((name) => [name, []]))
  // The API goes on: it would be overloaded with what came due while it was paused.
  const references = Object.values(servers).slice(1)
  // The first round is for the programs to become warm.
  for (let round = 0; round <= count; round++) {
    for (const [name, server] of Object.entries(servers)) {
      await beforeRound()
      const others = references.filter((other) => other !== server)
      for (const other of others) other.pause()
      const measured = await measureRound({ server, ...asked })
      for (const other of others) other.resume()
      if (round > 0) rounds[name]!.push(measured)
    }
  }
  return rounds
}

/** The upstream calls of a thousand requests at once for one symbol that no tier holds, on two API processes. */
async function measureCold(
  world: World,
  token: string,
  start: (entry: string, env: Record<string, string>) => Promise<Server>
): Promise<number> {
  const pair = await Promise.all([start('src/server.ts', world.env), start('src/server.ts', world.env)])
  const symbol = 'VOD.L'
  // The first question of a process to Yahoo also fetches a cookie and a crumb; those are not what is counted.
  for (const [index, api] of pair.entries()) await bodyOf(api, request(`quote/${SESSION_SYMBOLS[index]}`, token))
  await control(world, 'POST', { vendor: 'yahoo', scenario: 'latency', delayMs: COLD_LATENCY_MS })
  const before = await upstreamCalls(world)
  const answers = await Promise.all(
    Array.from({ length: COLD_REQUESTS }, async (_, index) => {
      const { path, headers } = request(`quote/${symbol}`, token)
      const response = await fetch(pair[index % 2]!.url + path, { headers })
      await response.arrayBuffer()
      return response.status
    })
  )
  const failed = answers.filter((status) => status !== 200).length
  if (failed > 0) throw new Error(`${failed} of ${COLD_REQUESTS} cold requests failed`)
  const calls = (await upstreamCalls(world)) - before
  await control(world, 'DELETE')
  return calls
}

async function control(world: World, method: 'POST' | 'DELETE', body?: object): Promise<void> {
  const response = await fetch(`${world.sandboxUrl}/control`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  })
  if (!response.ok) throw new Error(`the sandbox refused ${method} /control: ${response.status}`)
}

/** What the simulated vendors were asked so far. */
async function upstreamCalls(world: World): Promise<number> {
  const { requests } = (await (await fetch(`${world.sandboxUrl}/control`)).json()) as {
    requests: Record<string, Record<string, number>>
  }
  return Object.values(requests)
    .flatMap((counts) => Object.values(counts))
    .reduce((sum, count) => sum + count, 0)
}

type Measured = {
  rounds: Record<string, Round[]>
  batches: Record<string, Round[]>
  ticked: BesideTicks[]
  half: Record<string, Round[]>
  halfRate: number
  coldUpstreamCalls: number
}

function report({ rounds, batches, ticked, half, halfRate, coldUpstreamCalls }: Measured): Record<string, number> {
  console.table([
    ...rowsOf('quote', rounds),
    ...rowsOf('batch of 100', batches),
    ...rowsOf(`batch of 100 beside ${TICKS_PER_SECOND} ticks/s of others`, { full: ticked }),
    ...rowsOf(`quote, ${halfRate} a second`, half)
  ])
  const following = median(ticked.map(({ followingShare }) => followingShare))
  console.log(`following ${TICKS_PER_SECOND} ticks/s alone takes ${Math.round(following * 100)} % of a processor`)
  console.log(`${COLD_REQUESTS} requests for a cold symbol on two processes: ${coldUpstreamCalls} upstream call(s)`)
  return {
    ratio: ratioOf(rounds['full']!, rounds['bare']!),
    ratioConventional: ratioOf(rounds['full']!, rounds['conventional']!),
    ratioBatch100: ratioOf(batches['full']!, batches['bare']!),
    ratioBatch100BesideTicks: rounded(perCpuSecondOf(ticked) / perCpuSecondOf(batches['bare']!)),
    coldUpstreamCalls,
    p50Ms: rounded(median(half['full']!.map((round) => round.p50Ms))),
    p99Ms: rounded(median(half['full']!.map((round) => round.p99Ms))),
    bareP99Ms: rounded(median(half['bare']!.map((round) => round.p99Ms)))
  }
}

/** Requests per CPU-second, round against neighbouring round, so that a slow minute of the machine meets both. */
function ratioOf(ours: Round[], reference: Round[]): number {
  return rounded(median(ours.map((round, at) => round.requestsPerCpuSecond / reference[at]!.requestsPerCpuSecond)))
}

const perCpuSecondOf = (all: Round[]) => median(all.map((each) => each.requestsPerCpuSecond))

function rowsOf(what: string, measured: Record<string, Round[]>) {
  return Object.entries(measured).map(([server, all]) => ({
    what,
    server,
    'requests/s': Math.round(median(all.map((each) => each.requestsPerSecond))),
    'CPU us/request': rounded(1e6 / perCpuSecondOf(all)),
    'p50 ms': rounded(median(all.map((each) => each.p50Ms))),
    'p99 ms': rounded(median(all.map((each) => each.p99Ms))),
    'left out %': rounded(100 * median(all.map((each) => each.leftOut / each.requests)))
  }))
}

const rounded = (value: number) => Math.round(value * 1000) / 1000
