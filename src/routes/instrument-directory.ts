import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { InvalidField } from '../errors.ts'
import { exchangeNamed } from '../market/exchanges.ts'
import type { Instrument } from '../market/instrument.ts'
import { InstrumentKind } from '../market/instrument-kind.ts'
import { neverKept } from './answer.ts'
import { Day } from './instant.ts'
import { PAGE_QUERY, pageTokens, PlaceText } from './page-token.ts'
import { formatOf, FORMAT_QUERY, rowsAnswer, sendRows } from './row-formats.ts'
import { onePage, type Cell, type Columns } from './rows.ts'
import type { StoredRouteOptions } from './stored-query.ts'
import { SymbolParams, symbolOf } from './symbol.ts'

const MAX_INSTRUMENTS = 1000
const MAX_WORDS = 8
/** Parts of what was typed that words of names are made of. */
const WORD = /[\p{L}\p{N}][\p{L}\p{N}.]*/gu

/** Words that are looked for in what instruments are called. */
export const SEARCH_WORDS = {
  minLength: 1,
  maxLength: 100,
  description: `Beginnings of words of symbol, names and ISIN, in any order; at most ${MAX_WORDS}`
}

type Row = Readonly<Record<string, Cell>>

const COLUMNS = {
  symbol: 'text',
  name: 'text',
  kind: 'text',
  mic: 'text',
  exchange: 'text',
  segment: 'text',
  country: 'text',
  currency: 'text',
  multiplier: 'number',
  tickSize: 'number',
  lot: 'number',
  isin: 'text',
  underlying: 'text',
  expiry: 'date',
  lastTradingAt: 'instant',
  strike: 'number',
  right: 'text',
  tradable: 'boolean',
  sector: 'text',
  industry: 'text',
  tradingSymbol: 'text',
  exchangeToken: 'text',
  delistedOn: 'date',
  id: 'integer'
} as const satisfies Columns<Row>

const InstrumentsQuery = Type.Object(
  {
    q: Type.Optional(Type.String({ ...SEARCH_WORDS, examples: ['nifty 25000 ce', 'reliance'] })),
    exchange: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9 ]{2,40}$', description: 'MIC or name', examples: ['NSE', 'XNSE'] })
    ),
    segment: Type.Optional(
      Type.String({ pattern: '^[A-Z0-9_]{2,32}$', description: 'Of the exchange', examples: ['NSE_FO'] })
    ),
    type: Type.Optional(Type.Enum([...InstrumentKind.enum], { description: 'What it is: its `kind`' })),
    underlying: Type.Optional(
      Type.String({ ...SymbolParams.properties.symbol, description: 'Futures and options on it' })
    ),
    right: Type.Optional(Type.Enum(['call', 'put'], { description: 'Of options' })),
    expiry: Type.Optional(Day('Contracts that expire on a day')),
    expiryFrom: Type.Optional(Day('On this day or later')),
    expiryTo: Type.Optional(Day('On this day or earlier')),
    strikeFrom: Type.Optional(Type.Number({ minimum: 0, description: 'Options with this strike or a higher one' })),
    strikeTo: Type.Optional(Type.Number({ minimum: 0, description: 'Options with this strike or a lower one' })),
    delisted: Type.Boolean({ default: false, description: 'Also what is listed no longer' }),
    limit: Type.Integer({ minimum: 1, maximum: MAX_INSTRUMENTS, default: 100, description: 'How many instruments' }),
    ...FORMAT_QUERY,
    ...PAGE_QUERY
  },
  { additionalProperties: false }
)

const KeyParams = Type.Object({
  key: Type.String({
    title: 'symbol, or key of a vendor',
    description: 'Canonical symbol in any usual spelling; or what a vendor calls it today, which has a | in it',
    maxLength: 128,
    pattern: '^[^\\u0000-\\u001f]+$',
    examples: ['NSE:RELIANCE', 'NSE_EQ|INE002A01018']
  })
})

const places = pageTokens('instruments', Type.Object({ symbol: PlaceText }, { additionalProperties: false }))

/** What is listed: shares, indices, futures and options of exchanges whose master files are imported, and all that was asked for. */
export const instrumentDirectoryRoutes: FastifyPluginAsyncTypebox<StoredRouteOptions> = async (app, { isAlias }) => {
  const { archive } = app
  const config = { access: 'market:read' } as const
  const documented = (operationId: string) => (isAlias ? { hide: true } : { operationId })

  app.get(
    '/instruments',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getInstruments'),
        summary: 'Instruments that are listed, in the order of their symbols',
        tags: ['market'],
        querystring: InstrumentsQuery,
        response: { 200: rowsAnswer('InstrumentPage', 'instrument', COLUMNS) }
      }
    },
    async (request, reply) => {
      const { q, exchange, segment, type, underlying, right, delisted, limit, page, ...range } = request.query
      const filter = {
        words: q === undefined ? undefined : wordsOf(q, 'q'),
        mic: exchange === undefined ? undefined : micOf(exchange),
        segment,
        kind: type,
        underlying: underlying === undefined ? undefined : symbolOf(underlying, 'underlying'),
        right,
        expiry: { from: latest(range.expiry, range.expiryFrom), to: earliest(range.expiry, range.expiryTo) },
        strike: { from: range.strikeFrom, to: range.strikeTo },
        withDelisted: delisted
      }
      const after = places.read(page, request)?.symbol ?? ''
      const { instruments, hasMore } = await archive.instruments(filter, { limit, after })
      const last = hasMore ? instruments.at(-1) : undefined
      const head = { next: last && places.write({ symbol: last.symbol }, request) }
      const format = formatOf(request)
      if (format === 'json') {
        return sendRows(reply, format, { name: 'instruments', columns: {}, head, pages: onePage(instruments) })
      }
      const rows = instruments.map(rowOf)
      return sendRows(reply, format, { name: 'instruments', columns: COLUMNS, head, pages: onePage(rows) })
    }
  )

  app.get(
    '/instruments/:key',
    {
      config,
      preHandler: neverKept,
      schema: {
        ...documented('getInstrument'),
        summary: 'One instrument, the names that it has and had, and what master files changed of it',
        tags: ['market'],
        params: KeyParams,
        response: { 200: Type.Ref('InstrumentDetails#'), 404: Type.Ref('ErrorBody#') }
      }
    },
    async (request) => {
      const { key } = request.params
      return archive.instrumentDetails(key.includes('|') ? { alias: key } : { symbol: symbolOf(key, 'key') })
    }
  )
}

/** The step of a price has no place in a row where it depends on the price. */
function rowOf(instrument: Instrument): Row {
  const { tickSizes = [], hours: _, ...row } = instrument
  const [step, ...others] = tickSizes
  return { ...row, tickSize: others.length === 0 ? step?.size : undefined }
}

/** Throws INVALID_REQUEST naming the field. */
export function wordsOf(text: string, field: string): string[] {
  const words = text.match(WORD) ?? []
  if (words.length === 0 || words.length > MAX_WORDS) throw new InvalidField(field, `must have 1 to ${MAX_WORDS} words`)
  return words
}

/** Throws INVALID_REQUEST. */
export function micOf(name: string): string {
  const mic = exchangeNamed(name.toUpperCase())?.mic
  if (mic === undefined) throw new InvalidField('exchange', 'is not known')
  return mic
}

const latest = (a: string | undefined, b: string | undefined) =>
  a !== undefined && b !== undefined && b > a ? b : (a ?? b)
const earliest = (a: string | undefined, b: string | undefined) =>
  a !== undefined && b !== undefined && b < a ? b : (a ?? b)
