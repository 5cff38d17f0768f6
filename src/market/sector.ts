import { Type, type Static } from 'typebox'

/** The eleven sectors of GICS, in the order that lists of them have. Every route names sectors by these. */
export const Sector = Type.Enum(
  [
    'Communication Services',
    'Consumer Discretionary',
    'Consumer Staples',
    'Energy',
    'Financials',
    'Health Care',
    'Industrials',
    'Information Technology',
    'Materials',
    'Real Estate',
    'Utilities'
  ],
  { description: 'Sector of GICS' }
)
export type Sector = Static<typeof Sector>

/** The fund of S&P 500 shares that stands for each sector. */
export const SECTOR_FUNDS: Readonly<Record<string, Sector>> = {
  XLC: 'Communication Services',
  XLY: 'Consumer Discretionary',
  XLP: 'Consumer Staples',
  XLE: 'Energy',
  XLF: 'Financials',
  XLV: 'Health Care',
  XLI: 'Industrials',
  XLK: 'Information Technology',
  XLB: 'Materials',
  XLRE: 'Real Estate',
  XLU: 'Utilities'
}

/** Morningstar's names, which Yahoo and FMP use, Alpha Vantage's in capitals, and what else is met; letters only. */
const SPELLINGS: Readonly<Record<string, Sector>> = {
  basicmaterials: 'Materials',
  communications: 'Communication Services',
  consumercyclical: 'Consumer Discretionary',
  consumerdefensive: 'Consumer Staples',
  finance: 'Financials',
  financial: 'Financials',
  financialservices: 'Financials',
  industrial: 'Industrials',
  informationtechnologies: 'Information Technology',
  technology: 'Information Technology',
  telecommunications: 'Communication Services',
  telecommunicationservices: 'Communication Services'
}

const lettersOf = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '')
const BY_LETTERS = new Map([
  ...Sector.enum.map((sector) => [lettersOf(sector), sector] as const),
  ...Object.entries(SPELLINGS)
])

/**
 * The sector that a vendor means. Undefined for what is not in the list: the divisions of industry that Alpha Vantage names
 * at times (MANUFACTURING, TRADE & SERVICES) lie across sectors.
 */
export function sectorNamed(text: string | undefined): Sector | undefined {
  return text === undefined ? undefined : BY_LETTERS.get(lettersOf(text))
}

/** In the order of the list, each once. */
export function inSectorOrder<Row extends { readonly sector: Sector }>(rows: readonly Row[]): Row[] {
  return Sector.enum.flatMap((sector) => rows.find((row) => row.sector === sector) ?? [])
}
