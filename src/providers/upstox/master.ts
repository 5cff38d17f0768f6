import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { exchangeNamed } from '../../market/exchanges.ts'
import { indianDerivativeSymbol } from '../../market/indian-derivative.ts'
import type { InstrumentKind } from '../../market/instrument-kind.ts'
import type { MasterExchange } from '../../market/instrument-master.ts'
import type { ListedInstrument } from '../../market/instrument.ts'
import { parseSymbol } from '../../market/symbol.ts'
import { dateIn } from '../../market/zoned-time.ts'

const ZONE = 'Asia/Kolkata'
const ISIN = /^[A-Z]{2}[A-Z0-9]{9}[0-9]$/
/** Units of listed funds are issued under it, and shares under INE. */
const FUND_ISIN = 'INF'
/** Ticks are told in paise. */
const PAISE = 100

/** Series of NSE and groups of BSE in which shares and funds trade, under the bare symbol; all others are of debt. */
const SHARE_SERIES: ReadonlyMap<string, readonly string[]> = new Map([
  ['NSE_EQ', ['EQ', 'BE', 'BZ', 'SM', 'ST', 'SZ', 'IV', 'RR', 'MF']],
  ['BSE_EQ', ['A', 'B', 'T', 'X', 'XT', 'Z', 'ZP', 'M', 'MT', 'P', 'R', 'E', 'EQ', 'IF']]
])
const RIGHTS: ReadonlyMap<string, 'call' | 'put'> = new Map([
  ['CE', 'call'],
  ['PE', 'put']
])
/** Symbols have two digits for the year. */
const LATEST_EXPIRY_MS = Date.UTC(2100, 0, 1)

/** Indices that the field knows by names of their own; all others have their exchange's, words joined by `_`: `^NIFTY_FIN_SERVICE`. */
const INDEX_SYMBOLS: ReadonlyMap<string, string> = new Map([
  ['NIFTY 50', '^NSEI'],
  ['NIFTY BANK', '^NSEBANK'],
  ['NIFTY IT', '^CNXIT'],
  ['INDIA VIX', '^INDIAVIX'],
  ['SENSEX', '^BSESN']
])

const WireRow = Type.Object({
  segment: Type.String({ minLength: 1 }),
  instrument_key: Type.String({ minLength: 1, maxLength: 128 }),
  instrument_type: Type.String({ minLength: 1 }),
  trading_symbol: Type.String({ minLength: 1, maxLength: 64 }),
  name: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  isin: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  exchange_token: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Null()])),
  lot_size: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  tick_size: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  /** Of derivatives: the last second of the day in India. */
  expiry: Type.Optional(Type.Union([Type.Number(), Type.String(), Type.Null()])),
  strike_price: Type.Optional(Type.Union([Type.Number(), Type.Null()])),
  underlying_symbol: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  underlying_key: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  underlying_type: Type.Optional(Type.Union([Type.String(), Type.Null()]))
})
type WireRow = Static<typeof WireRow>
const isWireRow = Compile(WireRow)

/** What a row of a master file cannot be used for, in words that are the same for all rows with the same fault. */
export class MasterRowProblem {
  readonly problem: string

  constructor(problem: string) {
    this.problem = problem
  }
}

/** An instrument of a row of Upstox's master file of an exchange, or what is wrong with the row. */
export function listedInstrument(row: unknown, exchange: MasterExchange): ListedInstrument | MasterRowProblem {
  if (!isWireRow.Check(row)) return new MasterRowProblem(`${faultyField(row)} is missing or of a wrong type`)
  const { segment, instrument_type: type } = row
  if (type === 'INDEX') return indexOf(row, exchange)
  return type === 'FUT' || RIGHTS.has(type) ? derivativeOf(row, exchange) : securityOf(row, exchange, segment)
}

const faultyField = (row: unknown): string => isWireRow.Errors(row)[0]?.instancePath.slice(1).split('/')[0] || 'a field'

function indexOf(row: WireRow, exchange: MasterExchange): ListedInstrument | MasterRowProblem {
  return withSymbol(indexSymbol(row.instrument_key), row, exchange, 'index', {})
}

/** `NSE_INDEX|Nifty 50`: the case of the name varies. */
function indexSymbol(key: string): string {
  const name = key
    .slice(key.indexOf('|') + 1)
    .trim()
    .toUpperCase()
  return INDEX_SYMBOLS.get(name) ?? `^${name.replaceAll(/[^A-Z0-9&]+/g, '_')}`
}

function securityOf(row: WireRow, exchange: MasterExchange, segment: string) {
  const { instrument_type: series, trading_symbol: name, isin } = row
  const isShare = SHARE_SERIES.get(segment)?.includes(series) === true
  const root = name.trim().toUpperCase().replaceAll(/\s+/g, '_')
  const symbol = `${exchange}:${isShare || root.endsWith(`-${series}`) ? root : `${root}-${series}`}`
  const kind = !isShare ? 'other' : isin?.startsWith(FUND_ISIN) ? 'etf' : 'equity'
  return withSymbol(symbol, row, exchange, kind, isin && ISIN.test(isin) ? { isin } : {})
}

function derivativeOf(row: WireRow, exchange: MasterExchange): ListedInstrument | MasterRowProblem {
  const { instrument_type: type, underlying_symbol: root, strike_price: strike } = row
  const right = RIGHTS.get(type)
  const expiry = expiryOf(row)
  if (!root) return new MasterRowProblem('underlying_symbol is missing')
  if (expiry === undefined) return new MasterRowProblem('expiry is missing or no date')
  if (right && !(typeof strike === 'number' && strike > 0)) return new MasterRowProblem('strike_price is missing')
  const terms = { expiry, ...(right && { right, strike: strike! }) }
  const symbol = indianDerivativeSymbol({ exchange, root: root.toUpperCase(), ...terms })
  const underlying = parseSymbol(underlyingOf(row, root, exchange))
  return withSymbol(symbol, row, exchange, right ? 'option' : 'future', { ...terms, ...(underlying && { underlying }) })
}

function expiryOf({ expiry }: WireRow): string | undefined {
  const instant = typeof expiry === 'string' ? Date.parse(expiry) : (expiry ?? NaN)
  return instant > 0 && instant < LATEST_EXPIRY_MS ? dateIn(ZONE, instant) : undefined
}

/** What a derivative is on: its key names an index; all else has the symbol that its exchange gives it. */
function underlyingOf({ underlying_type: type, underlying_key: key }: WireRow, root: string, exchange: MasterExchange) {
  if (type === 'INDEX' && key) return indexSymbol(key)
  return type === 'CUR' ? root : `${exchange}:${root}`
}

function withSymbol(
  spelled: string,
  row: WireRow,
  exchange: MasterExchange,
  kind: InstrumentKind,
  own: Partial<ListedInstrument>
): ListedInstrument | MasterRowProblem {
  const symbol = parseSymbol(spelled)
  if (symbol === undefined) return new MasterRowProblem('trading_symbol cannot be a symbol')
  const { segment, instrument_key: alias, trading_symbol: tradingSymbol, name, exchange_token: token } = row
  const { lot_size: lot, tick_size: tick } = row
  const { mic, name: exchangeName } = exchangeNamed(exchange)!
  return {
    alias,
    symbol,
    kind,
    segment,
    tradingSymbol,
    exchange: exchangeName,
    country: 'IN',
    currency: 'INR',
    tradable: kind !== 'index',
    ...(mic && { mic }),
    ...(name && { name }),
    ...(token && { exchangeToken: String(token) }),
    ...(lot && lot > 0 && { lot }),
    ...(tick && tick > 0 && { tickSizes: [{ from: 0, size: tick / PAISE }] }),
    ...own
  }
}
