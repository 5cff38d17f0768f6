import { once } from 'node:events'
import { WebSocket } from 'ws'
import { valueIn, WrongValues, type Frame, type PriceAt, type StreamedValue } from './streamed-values.ts'

const ENDPOINT = '/api/v1/market/ws/stock-quotes'
const NORMAL = 1000
/** While one feed hands over to another, both bring values. */
const OVERLAP_MS = 3000

export type FeedDrillOptions = {
  readonly url: string
  readonly key: string
  /** As values name their source. */
  readonly vendor: string
  readonly symbols: readonly string[]
  /** Cuts the feed; what comes back mends it. */
  readonly cut: () => Promise<() => Promise<void>>
  /** Where the market is simulated. */
  readonly priceAt?: PriceAt
  /** Whether to wait until the feed serves again, once it is mended. */
  readonly isAwaited: boolean
  /** For each of: values of the feed, a value of the next one, and of the feed again. */
  readonly patienceMs: number
}

/** Seconds are of this process's clock. */
export type FeedDrillResult = {
  readonly feed: string
  /** Sources of the values that came after the cut. */
  readonly next: readonly string[]
  /** From the cut to the first right value of another feed, and until each symbol had one; absent where none came. */
  readonly firstSeconds?: number
  readonly allSeconds?: number
  /** Values that were wrong, and trades that two feeds told, from before the cut to the end. */
  readonly wrong: number
  readonly doubled: number
  readonly values: number
  readonly examples: readonly string[]
  /** From the mending to the first value of the feed. */
  readonly backSeconds?: number
}

/** Cuts a feed on purpose, and measures as a client when the next one tells something. Rejects where the feed serves none of the symbols. */
export async function drillFeed(options: FeedDrillOptions): Promise<FeedDrillResult> {
  const { vendor, symbols, patienceMs } = options
  const judge = new WrongValues(options.priceAt)
  const watch = new Watch(judge)
  const socket = await connected(options, watch)
  try {
    const isServed = await watch.until((value) => value.source === vendor, 1, patienceMs)
    if (isServed.size === 0)
      throw new Error(`${vendor} tells nothing of ${symbols.join(', ')}: there is nothing to cut`)
    const mend = await options.cut()
    const cutAt = performance.now()
    const first = await watch.until(
      watch.newerOf((source) => source !== vendor),
      symbols.length,
      patienceMs
    )
    await mend()
    const mendedAt = performance.now()
    const isBack = watch.newerOf((source) => source === vendor)
    const back = options.isAwaited ? await watch.until(isBack, 1, patienceMs) : undefined
    if (back) await watch.until(() => false, 1, OVERLAP_MS)
    const seconds = (arrivals: Iterable<Arrival>, of: (...values: number[]) => number, since: number) =>
      Math.round(of(...[...arrivals].map(({ at }) => at - since))) / 1000
    return {
      feed: vendor,
      next: [...new Set([...first.values()].map(({ value }) => value.source))],
      ...(first.size > 0 && { firstSeconds: seconds(first.values(), Math.min, cutAt) }),
      ...(first.size === symbols.length && { allSeconds: seconds(first.values(), Math.max, cutAt) }),
      wrong: judge.wrong,
      doubled: judge.doubled,
      values: watch.values,
      examples: judge.examples,
      ...(back !== undefined && back.size > 0 && { backSeconds: seconds(back.values(), Math.min, mendedAt) })
    }
  } finally {
    socket.close(NORMAL)
  }
}

type Arrival = { readonly value: StreamedValue; readonly at: number }

/** Looks at all that a client is told. */
class Watch {
  readonly #judge: WrongValues
  #listener: (value: StreamedValue) => void = () => undefined
  values = 0
  /** By symbol, the latest instant that a value is of, epoch ms. */
  readonly #newest = new Map<string, number>()

  constructor(judge: WrongValues) {
    this.#judge = judge
  }

  take(frame: Frame): void {
    const value = valueIn(frame)
    if (!value) return
    this.values++
    if (this.#judge.take(value)) this.#listener(value)
    this.#newest.set(value.symbol, Math.max(this.#newest.get(value.symbol) ?? 0, value.asOf))
  }

  /** Values of such a source that are newer than all of their symbol until now: a quote goes on naming who told its last price, also when another feed moves its bid. */
  newerOf(isMeant: (source: string) => boolean): (value: StreamedValue) => boolean {
    const until = new Map(this.#newest)
    return ({ symbol, source, asOf }) => isMeant(source) && asOf > (until.get(symbol) ?? 0)
  }

  /** The first right value of each symbol that is as it should be, until so many have one or the time is over. */
  async until(
    isMeant: (value: StreamedValue) => boolean,
    count: number,
    timeoutMs: number
  ): Promise<ReadonlyMap<string, Arrival>> {
    const found = new Map<string, Arrival>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, timeoutMs)
    this.#listener = (value) => {
      if (found.has(value.symbol) || !isMeant(value)) return
      found.set(value.symbol, { value, at: performance.now() })
      if (found.size >= count) resolve()
    }
    await promise
    clearTimeout(timer)
    this.#listener = () => undefined
    return found
  }
}

async function connected({ url, key, symbols }: FeedDrillOptions, watch: Watch): Promise<WebSocket> {
  const address = new URL(ENDPOINT, url.replace(/^http/, 'ws'))
  const socket = new WebSocket(address, ['quotewire', `bearer.${key}`])
  socket.on('message', (bytes: Buffer) => watch.take(JSON.parse(bytes.toString()) as Frame))
  await once(socket, 'open')
  for (const stream of ['quotes', 'trades']) {
    socket.send(JSON.stringify({ type: 'subscribe', data: { type: 'stock_quotes', stream, symbols } }))
  }
  return socket
}
