import { gzipSync } from 'node:zlib'
import { dayOfDate } from '../../calendar.ts'
import type { Exchange } from '../../exchange.ts'
import { indianDerivatives, type SimulatedDerivative } from '../../indian-derivatives.ts'
import { keyOf } from '../../noise.ts'
import type { Instrument } from '../../universe/instrument.ts'
import { isinOf, upstoxKeyOf } from '../upstox/instrument-keys.ts'
import { contractKeyOf } from '../upstox/listing.ts'
import { plainText, type Vendor, type VendorAnswer } from '../vendor.ts'
import { DAY_MS } from '../../../market/time.ts'

const FILE = /^\/market-quote\/instruments\/exchange\/(NSE|BSE|MCX)\.json\.gz$/
const INDIA_MS = 19_800_000
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']

/** Stands for assets.upstox.com: the master files of the simulated exchanges of India, with futures and options. */
export function upstoxAssets(exchange: Exchange): Vendor {
  return {
    answer({ path, at }): VendorAnswer {
      const name = FILE.exec(path)?.[1]
      if (name === undefined) return plainText('<Code>AccessDenied</Code>', 403)
      const listed = exchange.instruments.filter((instrument) => upstoxKeyOf(instrument)?.startsWith(`${name}_`))
      const derivatives = indianDerivatives(exchange, at).filter((contract) => contract.exchange === name)
      const rows = [...listed.map(rowOf), ...derivatives.map(derivativeRow)]
      return { status: 200, contentType: 'application/gzip', body: gzipSync(JSON.stringify(rows)) }
    },
    refusals: {
      rate_limited: () => plainText('<Code>SlowDown</Code>', 503),
      server_error: () => plainText('<Code>InternalError</Code>', 500),
      plan_refused: () => plainText('<Code>AccessDenied</Code>', 403),
      bad_crumb: () => plainText('<Code>AccessDenied</Code>', 403)
    },
    endpoint: ({ path }) => path
  }
}

function rowOf(instrument: Instrument) {
  const { symbol, name, kind } = instrument
  const key = upstoxKeyOf(instrument)!
  const token = String(keyOf(0, symbol) % 100_000)
  if (kind === 'index') {
    const tradingSymbol = key.slice(key.indexOf('|') + 1).toUpperCase()
    return {
      ...ofSegment(key.slice(0, key.indexOf('|')), name),
      instrument_type: 'INDEX',
      instrument_key: key,
      exchange_token: token,
      trading_symbol: tradingSymbol
    }
  }
  return {
    ...ofSegment(key.slice(0, key.indexOf('|')), name.toUpperCase()),
    isin: isinOf(symbol),
    instrument_type: symbol.startsWith('BSE:') ? 'A' : 'EQ',
    instrument_key: key,
    lot_size: 1,
    freeze_quantity: 100_000,
    exchange_token: token,
    tick_size: 10,
    trading_symbol: symbol.slice(symbol.indexOf(':') + 1),
    short_name: name,
    security_type: 'NORMAL'
  }
}

function derivativeRow(contract: SimulatedDerivative) {
  const { exchange, underlying, root, expiry, isWeekly, right, strike, lot, token } = contract
  const type = right === undefined ? 'FUT' : right === 'call' ? 'CE' : 'PE'
  // Commodities are not listed themselves.
  const key = upstoxKeyOf(underlying)
  const kind = key === undefined ? 'COM' : underlying.kind === 'index' ? 'INDEX' : 'EQUITY'
  return {
    ...ofSegment(`${exchange}_FO`, root),
    weekly: isWeekly,
    // The last second of the day in India.
    expiry: (dayOfDate(expiry) + 1) * DAY_MS - INDIA_MS - 1000,
    instrument_type: type,
    asset_symbol: root,
    underlying_symbol: root,
    instrument_key: contractKeyOf(contract),
    lot_size: lot,
    freeze_quantity: lot * 24,
    exchange_token: token,
    minimum_lot: lot,
    asset_key: key,
    underlying_key: key,
    tick_size: 5,
    asset_type: kind,
    underlying_type: kind,
    trading_symbol: tradingSymbol(root, type, expiry, strike),
    strike_price: strike ?? 0,
    qty_multiplier: 1
  }
}

const ofSegment = (segment: string, name: string) => ({ segment, name, exchange: segment.slice(0, 3) })

/** `NIFTY 25000 CE 13 OCT 26`, `NIFTY FUT 27 OCT 26`. */
function tradingSymbol(root: string, type: string, expiry: string, strike: number | undefined): string {
  const [year = '', month = '', day = ''] = expiry.split('-')
  const date = `${day} ${MONTHS[Number(month) - 1]} ${year.slice(2)}`
  return [root, strike, type, date].filter((part) => part !== undefined).join(' ')
}
