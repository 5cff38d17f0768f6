import { sectorNamed, type Sector } from '../../market/sector.ts'

/** Of a contract, in TWS's words: `Financial`, `Banks`, `Diversified Banking Inst`. */
export type Industry = { readonly industry?: string; readonly category?: string; readonly subcategory?: string }

/** Categories that GICS has in another sector than the rest of their industry; null where they lie across sectors. */
const CATEGORIES: Readonly<Record<string, Sector | null>> = {
  Agriculture: 'Consumer Staples',
  Beverages: 'Consumer Staples',
  Food: 'Consumer Staples',
  'Household Products/Wares': 'Consumer Staples',
  'Cosmetics/Personal Care': 'Consumer Staples',
  Biotechnology: 'Health Care',
  Pharmaceuticals: 'Health Care',
  'Healthcare-Products': 'Health Care',
  'Healthcare-Services': 'Health Care',
  'Commercial Services': 'Industrials',
  Airlines: 'Industrials',
  'Distribution/Wholesale': null,
  Retail: null,
  'Real Estate': 'Real Estate',
  REITS: 'Real Estate',
  'Packaging&Containers': 'Materials',
  'Building Materials': null,
  Electronics: null
}
const E_COMMERCE = /^E-Commerce/i

/** The sector of GICS; undefined where TWS's industry does not tell. */
export function sectorOf({ industry, category = '', subcategory = '' }: Industry): Sector | undefined {
  if (category === 'Internet' && E_COMMERCE.test(subcategory)) return 'Consumer Discretionary'
  const ofCategory = CATEGORIES[category]
  return ofCategory === undefined ? sectorNamed(industry) : (ofCategory ?? undefined)
}
