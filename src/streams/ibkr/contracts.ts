import { exchangeMembers } from '../../market/exchange.ts'
import type { InstrumentFacts } from '../../market/instrument.ts'
import { kindOfSymbol, type InstrumentKind } from '../../market/instrument-kind.ts'
import { usIssue } from '../../market/us-issue.ts'
import { listedHoursOf } from './hours.ts'
import { sectorOf } from './sectors.ts'
import type { ContractQuery, TwsContract } from './wire.ts'

export const SOURCE = 'ibkr'

const PLAIN = /^[A-Z]{1,6}$/
const OCC = /^([A-Z0-9]{1,6})(\d{6})([CP])(\d{8})$/
/** The OCC writes strikes in thousandths. */
const STRIKE_UNIT = 1000

/** How TWS is asked for a canonical symbol: shares and funds of the United States, and options of them; undefined for all else. */
export function queryOf(symbol: string): ContractQuery | undefined {
  const market = { exchange: 'SMART', currency: 'USD' } as const
  // `BRK B` and `BAC PRL` are what TWS writes.
  if (PLAIN.test(symbol) || usIssue(symbol)) return { symbol: symbol.replace('.', ' '), secType: 'STK', ...market }
  const [, root, expiry, right, strike] = (kindOfSymbol(symbol) === 'option' && OCC.exec(symbol)) || []
  if (root === undefined) return undefined
  return {
    symbol: root,
    secType: 'OPT',
    ...market,
    lastTradeDateOrContractMonth: `20${expiry}`,
    strike: Number(strike) / STRIKE_UNIT,
    right: right === 'C' ? 'C' : 'P'
  }
}

const KINDS: Readonly<Record<string, InstrumentKind>> = {
  ETF: 'etf',
  ETN: 'etf',
  ETC: 'etf',
  FUND: 'fund',
  RIGHT: 'other'
}
/** TWS's own names of exchanges, where they are nobody else's, or another's too. */
const EXCHANGE_NAMES: Readonly<Record<string, string>> = { AMEX: 'NYSE AMERICAN', PINK: 'OTC' }
const ISIN = /^[A-Z]{2}[A-Z0-9]{9}[0-9]$/

/** What a contract says of the instrument of a canonical symbol. Market value is not among it: TWS has not told it since 10.47. */
export function factsOf(symbol: string, contract: TwsContract): InstrumentFacts {
  const { longName, stockType = '', primaryExchange, currency, tickSizes, multiplier, isin, lastTradeDate } = contract
  const { mic, exchange } = exchangeMembers(
    symbol,
    primaryExchange && (EXCHANGE_NAMES[primaryExchange] ?? primaryExchange)
  )
  const isOption = contract.secType === 'OPT'
  const { timeZoneId = '', tradingHours = '', liquidHours = '' } = contract
  const hours = listedHoursOf(timeZoneId, tradingHours, liquidHours)
  const sector = sectorOf(contract)
  const industry = contract.subcategory ?? contract.category
  return {
    symbol,
    kind: isOption ? 'option' : (KINDS[stockType] ?? 'equity'),
    ...(longName !== undefined && { name: longName }),
    ...(mic !== undefined && { mic }),
    ...(exchange !== undefined && !isOption && { exchange }),
    ...(currency !== '' && { currency }),
    ...(tickSizes && { tickSizes: [...tickSizes] }),
    ...(isin !== undefined && ISIN.test(isin) && { isin }),
    ...(sector !== undefined && !isOption && { sector }),
    ...(industry !== undefined && !isOption && { industry }),
    ...(hours && { hours }),
    ...(isOption && {
      ...(multiplier !== undefined && { multiplier }),
      ...(contract.underlying !== undefined && { underlying: contract.underlying.replace(' ', '.') }),
      ...(lastTradeDate !== undefined && /^\d{8}/.test(lastTradeDate) && { expiry: dayOf(lastTradeDate) }),
      ...(contract.strike !== undefined && { strike: contract.strike }),
      right: contract.right === 'C' ? 'call' : 'put'
    }),
    tradable: true
  }
}

const dayOf = (text: string): string => `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)}`
