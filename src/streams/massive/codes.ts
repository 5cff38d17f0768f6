import type { MassiveMarket } from './symbols.ts'

const TAPES: Readonly<Record<number, string>> = { 1: 'A', 2: 'B', 3: 'C' }

/** The tape that `z` numbers; undefined for others. */
export function tapeOf(z: number | undefined): string | undefined {
  return z === undefined ? undefined : TAPES[z]
}

/** What `z` is of a tape's letter; undefined for others. */
export function tapeNumberOf(tape: string | undefined): number | undefined {
  const known = Object.entries(TAPES).find(([, letter]) => letter === tape)
  return known && Number(known[0])
}

/** Exchange ids of https://massive.com/docs/rest/stocks/market-operations/exchanges. */
const STOCK_VENUES: Readonly<Record<number, string>> = {
  1: 'XASE',
  2: 'XBOS',
  3: 'XCIS',
  4: 'XADF',
  6: 'XISE',
  7: 'EDGA',
  8: 'EDGX',
  9: 'XCHI',
  10: 'XNYS',
  11: 'ARCX',
  12: 'XNAS',
  14: 'LTSE',
  15: 'IEXG',
  16: 'CBSX',
  17: 'XPHL',
  18: 'BATY',
  19: 'BATS',
  20: 'EPRL',
  21: 'MEMX',
  22: '24EQ',
  23: 'TXSE',
  62: 'OOTC'
}
/** FINRA's reporting facilities: NYSE's, and Nasdaq's in Carteret and in Chicago. */
const FACILITIES: Readonly<Record<number, string>> = { 201: 'FINY', 202: 'FINN', 203: 'FINC' }
const OPTION_VENUES: Readonly<Record<number, string>> = {
  300: 'AMXO',
  301: 'XBOX',
  302: 'XCBO',
  303: 'EMLD',
  304: 'EDGO',
  307: 'GMNI',
  308: 'XISX',
  309: 'MCRY',
  312: 'XMIO',
  313: 'ARCO',
  315: 'MPRL',
  316: 'XNDQ',
  319: 'XBXO',
  322: 'C2OX',
  323: 'XPHO',
  325: 'BATO'
}
/** Venues of coins have no MIC that the field uses. */
const COIN_VENUES: Readonly<Record<number, string>> = { 1: 'coinbase', 2: 'bitfinex', 6: 'bitstamp', 23: 'kraken' }
const VENUES = { stocks: STOCK_VENUES, options: OPTION_VENUES, crypto: COIN_VENUES }

/** All of FINRA's facilities have this exchange id in trades; `trfi` tells them apart. */
const FINRA = 4
export const OTC_VENUE = 62

/**
 * The venue behind an exchange id and, of trades off the exchanges, the reporting facility, without which two facilities'
 * trades with one id would be one. Ids that are not known stay numbers.
 */
export function venueOf(market: MassiveMarket, exchange: number, facility?: number): string {
  if (market === 'stocks' && exchange === FINRA && facility !== undefined) {
    return FACILITIES[facility] ?? `${FINRA}-${facility}`
  }
  return VENUES[market][exchange] ?? String(exchange)
}

const idsBy = (names: Readonly<Record<number, string>>): ReadonlyMap<string, number> =>
  new Map(Object.entries(names).map(([id, name]) => [name, Number(id)]))
const STOCK_IDS = idsBy(STOCK_VENUES)
const FACILITY_IDS = idsBy(FACILITIES)

/** The ids of a venue of shares: its exchange's, and its reporting facility's; undefined for a venue that has none. */
export function exchangeIdsOf(venue: string): { readonly x: number; readonly trfi?: number } | undefined {
  const trfi = FACILITY_IDS.get(venue)
  if (trfi !== undefined) return { x: FINRA, trfi }
  const x = STOCK_IDS.get(venue) ?? (venue === 'FINR' ? FINRA : /^\d{1,3}$/.test(venue) ? Number(venue) : undefined)
  return x === undefined ? undefined : { x }
}

/** One letter for both plans, or CTA's and UTP's; a blank where a plan has none. */
const SALE_CONDITIONS: Readonly<Record<number, string>> = {
  0: '@',
  1: ' A',
  2: 'BW',
  3: 'E',
  4: ' B',
  5: ' G',
  7: 'C',
  8: '6',
  9: 'X',
  10: '4',
  12: 'T',
  13: 'U',
  14: 'F',
  15: 'M',
  16: 'Q',
  17: 'O',
  18: '5',
  19: '6',
  20: 'N',
  21: 'H',
  22: 'P',
  25: 'O',
  28: '5',
  29: 'R',
  30: 'L',
  33: 'Z',
  37: 'I',
  38: '9',
  52: 'V',
  53: '7'
}
/** That a trade was exempt from the trade-through rule (41, 59) says nothing of its price: it is no sale condition. */
const NO_SALE_CONDITIONS: ReadonlySet<number> = new Set([41, 59])
const COIN_CONDITIONS: Readonly<Record<number, string>> = { 1: 'sell', 2: 'buy' }

/**
 * A trade's conditions by their ids: in letters of its tape, as the rules for prices and volumes know them; an id that has
 * none is `#` and the number, so that 5 is not taken for the letter 5.
 */
export function conditionsOf(
  market: MassiveMarket,
  tape: string | undefined,
  ids: readonly number[]
): readonly string[] {
  if (market === 'options') return ids.map(numbered)
  if (market === 'crypto') return ids.filter((id) => id !== 0).map((id) => COIN_CONDITIONS[id] ?? numbered(id))
  return ids.filter((id) => !NO_SALE_CONDITIONS.has(id)).map((id) => saleCondition(tape, id))
}

function saleCondition(tape: string | undefined, id: number): string {
  const letters = SALE_CONDITIONS[id] ?? ''
  const letter = letters.length > 1 ? letters[tape === 'C' ? 1 : 0]! : letters
  return letter.trim() === '' ? numbered(id) : letter
}

/** The ids of sale conditions of a tape by their letters, as `conditionsOf` tells them; those of an ordinary trade have none. */
export function saleConditionIdsOf(tape: string | undefined, conditions: readonly string[]): number[] {
  return conditions.flatMap((condition) => {
    const numeral = /^#(\d+)$/.exec(condition)?.[1]
    if (numeral !== undefined) return Number(numeral)
    if (condition.trim() === '' || condition === '@') return []
    const known = Object.keys(SALE_CONDITIONS).find((id) => saleCondition(tape, Number(id)) === condition)
    return known === undefined ? [] : Number(known)
  })
}

export const numbered = (id: number): string => `#${id}`

/** OPRA tells of a cancelled trade by a further one with such a condition: cancelled, and it was the last, the first, the only. */
const CANCELS: ReadonlySet<number> = new Set([201, 203, 205, 207])

export const isCancel = (ids: readonly number[]): boolean => ids.some((id) => CANCELS.has(id))
