import { parseArgs } from 'node:util'
import { request } from 'undici'
import type { Config } from '../config/config.ts'
import { createExchange } from '../sandbox/exchange.ts'
import { TWS } from '../sandbox/streams/stream-vendor-names.ts'
import { drillFeed, type FeedDrillResult } from './feed-drill.ts'
import { UsageError } from '../cli/failure.ts'
import { findApi } from './running-api.ts'
import type { PriceAt } from './streamed-values.ts'

const USAGE = `usage: npm run --silent drill -- feed NAME [--mute] [--no-return] [--live] [--symbols SYMBOL[,SYMBOL...]] [--url URL] [--key KEY]

Cuts a vendor's stream on purpose, and prints how many seconds later a client has the first value of the next
feed, how many wrong values it was told meanwhile, and when the feed took back. The last line is the same as JSON.

  NAME        Of the vendor, as values name their source: massive, ibkr, alpaca, upstox, finnhub, tiingo, yahoo
  --mute      Its connections stay, and bring nothing
  --no-return Does not wait until it serves again
  --live      Cuts a feed of the live market, for two minutes at most. The API and the ingestion must allow it
              (ALLOW_FEED_DRILLS=true), and the key needs admin:write too
  --symbols   AAPL,MSFT,NVDA without it
  --url       Of the API; without it, that of the running npm start
  --key       One with the scope stream:read; without it, QUOTEWIRE_KEY, or the first key of the running npm start`

const PATIENCE_MS = 60_000
/** It ends by itself where nobody is left to end it. */
const MAX_DRILL_SECONDS = 120

async function main(args: readonly string[]): Promise<void> {
  const { vendor, values } = read(args)
  const { url, key, config, running } = await findApi({ url: values.url, key: values.key })
  if (config.MARKET === 'live' && !values.live) {
    throw new UsageError('this cuts a feed of the live market: say so by --live, or set MARKET=sandbox')
  }
  const sandboxUrl = running?.sandboxUrl ?? config.SANDBOX_URL
  const how = values.mute ? 'mute' : 'down'
  const result = await drillFeed({
    url,
    key,
    vendor,
    symbols: values.symbols.split(',').map((symbol) => symbol.trim()),
    cut: () => (values.live ? drilled({ url, key }, vendor, how) : troubled(sandboxUrl, vendor, how)),
    ...(config.MARKET === 'sandbox' && { priceAt: await simulatedPrices(sandboxUrl, config) }),
    isAwaited: !values['no-return'],
    patienceMs: PATIENCE_MS
  })
  tell(result, how)
  if (result.firstSeconds === undefined || result.wrong + result.doubled > 0) process.exitCode = 1
}

function read(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const options = {
    mute: flag,
    'no-return': flag,
    live: flag,
    symbols: { type: 'string', default: 'AAPL,MSFT,NVDA' },
    url: text,
    key: text
  } as const
  const { values, positionals } = parsed(() =>
    parseArgs({ args: [...args], options, strict: true, allowPositionals: true })
  )
  const [what, vendor] = positionals
  if (what !== 'feed') throw new UsageError('there is one drill: feed')
  if (vendor === undefined) throw new UsageError('NAME is missing')
  return { vendor, values }
}

function parsed<Parsed>(parse: () => Parsed): Parsed {
  try {
    return parse()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** By the API, which has the ingestion cut what it listens to. Returns how to end the drill. */
async function drilled({ url, key }: { url: string; key: string }, feed: string, how: string) {
  const address = new URL('/api/v1/admin/feed-drills', url)
  const headers = { authorization: `Bearer ${key}` }
  const { statusCode, body } = await request(address, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ feed, how, seconds: MAX_DRILL_SECONDS })
  })
  const answer = (await body.json()) as { error?: { message: string } }
  if (statusCode !== 201) throw new UsageError(`the API does not cut it: ${answer.error?.message}`)
  return async () => {
    await (await request(`${address.href}/${feed}`, { method: 'DELETE', headers })).body.dump()
  }
}

/** In the sandbox. Returns how to end the trouble. */
async function troubled(sandboxUrl: string, vendor: string, scenario: string): Promise<() => Promise<void>> {
  const control = `${sandboxUrl.replace(/\/$/, '')}/control`
  const { statusCode, body } = await request(control, {
    method: 'POST',
    body: JSON.stringify({ vendor: vendor === 'ibkr' ? TWS : `${vendor}-stream`, scenario })
  })
  const answer = (await body.json()) as { id?: number; error?: string }
  if (statusCode !== 201) throw new UsageError(`the sandbox has no such feed: ${answer.error}`)
  return async () => {
    await (await request(`${control}/${answer.id}`, { method: 'DELETE' })).body.dump()
  }
}

/** What the simulated exchange traded at while it was open: all that have its seed agree. */
async function simulatedPrices(sandboxUrl: string, config: Config): Promise<PriceAt> {
  const { body } = await request(sandboxUrl)
  const { seed } = (await body.json()) as { seed: number }
  const exchange = createExchange({
    seed,
    now: Date.now,
    alwaysOpen: config.SANDBOX_HOURS === 'always',
    tickMs: config.SANDBOX_TICK_MS
  })
  return (symbol, at) => {
    const instrument = exchange.find(symbol)
    const quote = instrument && exchange.quote(instrument, at)
    return quote?.phase === 'regular' ? quote.price : undefined
  }
}

function tell(result: FeedDrillResult, how: string): void {
  const { feed, next, firstSeconds, allSeconds, wrong, doubled, values, examples, backSeconds } = result
  const inSeconds = (seconds: number | undefined) => (seconds === undefined ? 'none came' : `${seconds} s`)
  const lines = [
    `${feed} was ${how === 'mute' ? 'made mute' : 'cut'}`,
    `first value of the next feed (${next.join(', ') || 'none'}): ${inSeconds(firstSeconds)}`,
    `a value of each symbol: ${inSeconds(allSeconds)}`,
    `wrong values: ${wrong}, trades told by two feeds: ${doubled}, of ${values} values`,
    ...examples,
    ...(backSeconds === undefined ? [] : [`${feed} served again ${backSeconds} s after it was mended`])
  ]
  process.stdout.write(`${lines.join('\n')}\n${JSON.stringify({ drill: 'feed', how, ...result })}\n`)
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof UsageError
  process.stderr.write(`${(error as Error).message}\n${isUsage ? `\n${USAGE}\n` : ''}`)
  process.exitCode = isUsage ? 2 : 1
}
