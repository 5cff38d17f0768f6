import { Type, type Static } from 'typebox'
import { ExchangeName, Mic } from './exchange.ts'
import { InstrumentKind } from './instrument-kind.ts'
import { ListedHours } from './listed-hours.ts'
import { Sector } from './sector.ts'
import { Next } from './page.ts'

const DAY = '^\\d{4}-\\d{2}-\\d{2}$'
const Day = Type.String({ pattern: DAY, description: 'YYYY-MM-DD' })

/** The smallest step of a price, from a price on: one row where it does not depend on the price. */
export const TickSize = Type.Object({
  from: Type.Number({ description: 'The lowest price that the step holds for' }),
  size: Type.Number({ exclusiveMinimum: 0 })
})
export type TickSize = Static<typeof TickSize>

/**
 * What is listed under a canonical symbol. The id stays when the symbol changes, so that a history is not split. What is
 * not known is missing.
 */
export const Instrument = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    symbol: Type.String({ description: 'Canonical symbol, as it is today' }),
    name: Type.Optional(Type.String()),
    kind: Type.Optional(InstrumentKind),
    mic: Type.Optional(Mic),
    exchange: Type.Optional(ExchangeName),
    country: Type.Optional(Type.String({ description: 'ISO 3166-1 alpha-2' })),
    currency: Type.Optional(Type.String({ description: 'ISO 4217' })),
    multiplier: Type.Optional(Type.Number({ description: 'What one contract is of: 100 shares, 50 times the index' })),
    tickSizes: Type.Optional(Type.Array(TickSize, { minItems: 1, description: 'By ascending price' })),
    lot: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'Orders are of multiples of it' })),
    isin: Type.Optional(Type.String({ pattern: '^[A-Z]{2}[A-Z0-9]{9}[0-9]$' })),
    underlying: Type.Optional(Type.String({ description: 'Canonical symbol' })),
    expiry: Type.Optional(Day),
    lastTradingAt: Type.Optional(Type.String({ format: 'date-time', description: 'Until when it trades, UTC' })),
    strike: Type.Optional(Type.Number({ description: 'In `currency`' })),
    right: Type.Optional(Type.Enum(['call', 'put'])),
    tradable: Type.Optional(Type.Boolean({ description: 'Whether its exchange lets it be traded at all' })),
    sector: Type.Optional(Sector),
    industry: Type.Optional(Type.String({ description: 'As a vendor names it, finer than its sector' })),
    hours: Type.Optional(ListedHours),
    segment: Type.Optional(
      Type.String({ description: 'The part of its exchange that lists it', examples: ['NSE_EQ', 'NSE_FO', 'MCX_FO'] })
    ),
    tradingSymbol: Type.Optional(
      Type.String({ description: 'As its exchange writes it', examples: ['NIFTY 25000 CE 13 OCT 26'] })
    ),
    exchangeToken: Type.Optional(
      Type.String({ description: "Its exchange's number for it, which another instrument gets once it is gone" })
    ),
    delistedOn: Type.Optional(
      Type.String({
        pattern: DAY,
        description: 'YYYY-MM-DD: the first day on which the master file that had listed it no longer did'
      })
    )
  },
  { $id: 'Instrument' }
)
export type Instrument = Static<typeof Instrument>

/** Of an instrument what a list of symbols shows. */
export const KnownSymbol = Type.Pick(Instrument, ['symbol', 'name', 'kind', 'mic', 'exchange', 'country', 'currency'])
export type KnownSymbol = Static<typeof KnownSymbol>

export const InstrumentPage = Type.Object(
  { instruments: Type.Array(Type.Ref('Instrument#')), next: Next },
  { $id: 'InstrumentPage' }
)

export const SymbolPage = Type.Object({ symbols: Type.Array(KnownSymbol), next: Next }, { $id: 'SymbolPage' })

/** What is known of an instrument, before it has an id too. */
export type InstrumentFacts = Omit<Instrument, 'id'>

/** An instrument as a vendor's master file lists it. */
export type ListedInstrument = InstrumentFacts & {
  /** What the vendor calls it. */
  readonly alias: string
}

/** What an instrument was before a master file told it otherwise. */
export const InstrumentChange = Type.Object({
  at: Type.String({ format: 'date-time', description: 'When the file was read' }),
  source: Type.String({ description: 'Whose file it was' }),
  former: Type.Record(Type.String(), Type.Unknown(), { description: 'The members that changed, as they were before' })
})
export type InstrumentChange = Static<typeof InstrumentChange>

/** Which instruments are looked for; all that is told must hold. */
export type InstrumentFilter = {
  /** Beginnings of words of symbol, names and ISIN, in any order. */
  readonly words?: readonly string[] | undefined
  readonly mic?: string | undefined
  readonly segment?: string | undefined
  readonly kind?: InstrumentKind | undefined
  /** Canonical symbol. */
  readonly underlying?: string | undefined
  readonly right?: Instrument['right'] | undefined
  /** The first day and the last one, YYYY-MM-DD. */
  readonly expiry?: { readonly from?: string | undefined; readonly to?: string | undefined } | undefined
  readonly strike?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined
  /** What is listed no longer, too. */
  readonly withDelisted?: boolean | undefined
}

/** Under this name stand the canonical symbols that an instrument had at other times. */
export const CANONICAL = 'canonical'

/** How a vendor calls an instrument, and when it did. */
export const InstrumentAlias = Type.Object({
  instrumentId: Type.Integer({ minimum: 1 }),
  vendor: Type.String({ description: "A vendor's name; `canonical` for former symbols", examples: ['ibkr', 'upstox'] }),
  alias: Type.String({ minLength: 1, examples: ['265598', 'NSE_EQ|INE002A01018'] }),
  from: Type.Optional(Type.String({ description: 'First day (YYYY-MM-DD); missing: ever since' })),
  until: Type.Optional(Type.String({ description: 'First day on which it no longer held; missing: still does' }))
})
export type InstrumentAlias = Static<typeof InstrumentAlias>

/** An instrument with the names that it has and had, and what it was before. */
export const InstrumentDetails = Type.Object(
  {
    instrument: Instrument,
    aliases: Type.Array(Type.Omit(InstrumentAlias, ['instrumentId']), {
      description: 'What vendors call it, and when; oldest first'
    }),
    changes: Type.Array(InstrumentChange, { description: 'What master files changed, newest first' })
  },
  { $id: 'InstrumentDetails' }
)
export type InstrumentDetails = Static<typeof InstrumentDetails>
