import type { MarketEvent } from '../../market/event.ts'
import type { NewsItem } from '../../market/news.ts'
import { isoOf } from '../../market/time.ts'
import { FieldError, isWire, optionalTextIn, textIn, type Wire } from '../fields.ts'
import { KnownSymbols } from '../known-symbols.ts'
import { MomentReader } from '../moment.ts'
import type { Mapper, Refusal, RefusalReason } from '../mapper.ts'
import { barOf } from './bars.ts'
import type { AlpacaMapperOptions, Context } from './context.ts'
import { newsOf } from './news.ts'
import { bandOf, statusOf } from './statuses.ts'
import { canonicalSymbol } from './symbols.ts'
import { bboOf, cancelOf, correctionOf, tradeOf } from './ticks.ts'

const CONTROL: ReadonlySet<unknown> = new Set(['success', 'error', 'subscription'])
/** Undefined: nothing of ours is made of it. */
const READERS: Readonly<Record<string, (wire: Wire, symbol: string, context: Context) => MarketEvent | undefined>> = {
  t: tradeOf,
  q: bboOf,
  c: correctionOf,
  x: cancelOf,
  s: statusOf,
  l: bandOf,
  b: (wire, symbol, context) => barOf(wire, symbol, { ...context, interval: '1m', state: 'final' }),
  u: (wire, symbol, context) => barOf(wire, symbol, { ...context, interval: '1m', state: 'corrected' }),
  d: (wire, symbol, context) => barOf(wire, symbol, { ...context, interval: '1d', state: 'provisional' })
}
/** Auction imbalances, and the order books of coins. */
const UNUSED: ReadonlySet<unknown> = new Set(['i', 'o'])
const MAX_KIND_LENGTH = 16

/** Every frame of Alpaca's market data is a list of messages whose `T` says what they are. */
export function alpacaMapper(options: AlpacaMapperOptions): Mapper {
  const symbols = new KnownSymbols((spelling) => canonicalSymbol(spelling, options.market))
  const moments = new MomentReader()
  return (frame, arrival) => {
    const events: MarketEvent[] = []
    const news: NewsItem[] = []
    const control: unknown[] = []
    const refusals: Refusal[] = []
    const context: Context = { ...options, arrival, moments, receivedAt: isoOf(arrival.receivedAt) }
    const refuse = (reason: RefusalReason, detail: string, kind?: unknown) =>
      refusals.push({
        reason,
        ...(typeof kind === 'string' && { kind: kind.slice(0, MAX_KIND_LENGTH) }),
        detail
      })

    function read(message: unknown): void {
      if (!isWire(message)) return void refuse('malformed', 'a message is no object')
      const { T: kind } = message
      if (CONTROL.has(kind)) return void control.push(message)
      if (UNUSED.has(kind)) return void refuse('unused', 'nothing is made of such messages', kind)
      try {
        if (kind === 'n') return void news.push(newsOf(message))
        const reader = typeof kind === 'string' && Object.hasOwn(READERS, kind) ? READERS[kind] : undefined
        if (!reader) return void refuse('unknown_type', 'there is no such kind of message', kind)
        const symbol = symbols.of(textIn(message, 'S'))
        if (symbol === undefined) return void refuse('bad_symbol', 'S is no symbol of this feed', kind)
        const event = reader(message, symbol, context)
        if (event) events.push(event)
        else refuse('unused', `nothing is made of status ${optionalTextIn(message, 'sc') ?? ''}`.trim(), kind)
      } catch (error) {
        if (!(error instanceof FieldError)) throw error
        refuse('bad_field', error.message, kind)
      }
    }

    let messages: unknown
    try {
      messages = options.codec.decode(frame)
    } catch {
      refuse('malformed', 'the frame cannot be decoded')
    }
    if (Array.isArray(messages)) for (const message of messages as unknown[]) read(message)
    else if (messages !== undefined) refuse('malformed', 'the frame is no list')
    return { events, news, control, refusals }
  }
}
