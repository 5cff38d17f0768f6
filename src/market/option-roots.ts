/**
 * What fixes a contract's value: `am` the opening prices of its expiry day, up to which it no longer trades; `pm` the close
 * of that day.
 */
export type Settlement = 'am' | 'pm'

/** Contracts on an index, by the root that their OCC symbols have. */
type IndexOptions = {
  /** Canonical symbols that the index goes by. */
  readonly indexes: readonly string[]
  /** By root. */
  readonly roots: Readonly<Record<string, Settlement>>
  /** The exchange's specification of the contracts. */
  readonly source: string
}

/** Read in November 2026. Where an index has both kinds, those of the morning expire on third Fridays. */
const INDEX_OPTIONS: readonly IndexOptions[] = [
  {
    indexes: ['^SPX', '^GSPC'],
    roots: { SPX: 'am', SPXW: 'pm' },
    source: 'https://www.cboe.com/tradable_products/sp_500/spx_options/specifications/'
  },
  {
    indexes: ['^XSP'],
    roots: { XSP: 'pm' },
    source: 'https://www.cboe.com/tradable_products/sp_500/mini_spx_options/specifications/'
  },
  {
    indexes: ['^OEX'],
    roots: { OEX: 'pm', XEO: 'pm' },
    source: 'https://www.cboe.com/tradable_products/sp_500/oex_options/specifications/'
  },
  {
    indexes: ['^RUT'],
    roots: { RUT: 'am', RUTW: 'pm' },
    source: 'https://www.cboe.com/tradable_products/ftse_russell/russell_2000_index_options/rut_specifications/'
  },
  {
    indexes: ['^DJX'],
    roots: { DJX: 'am' },
    source: 'https://www.cboe.com/tradable_products/djia/djx_options/specifications/'
  },
  {
    indexes: ['^VIX'],
    roots: { VIX: 'am', VIXW: 'am' },
    source: 'https://www.cboe.com/tradable_products/vix/vix_options/specifications/'
  },
  { indexes: ['^NDX'], roots: { NDX: 'am', NDXP: 'pm' }, source: 'https://www.nasdaq.com/nasdaq-100-index-options' },
  { indexes: ['^XND'], roots: { XND: 'pm' }, source: 'https://www.nasdaq.com/nasdaq-100-index-options' }
]

/** The OCC leaves the point of a share class out. */
const SHARE_CLASSES: Readonly<Record<string, string>> = {
  BRKB: 'BRK.B',
  BFA: 'BF.A',
  BFB: 'BF.B',
  HEIA: 'HEI.A',
  LENB: 'LEN.B',
  MOGA: 'MOG.A'
}

const settlements = new Map(INDEX_OPTIONS.flatMap(({ roots }) => Object.entries(roots)))
const indexes = new Map(
  INDEX_OPTIONS.flatMap(({ roots, indexes: [index] }) => Object.keys(roots).map((root) => [root, index!] as const))
)
/** Indices that have no contract of another kind. */
const morningOnly = new Set(
  INDEX_OPTIONS.filter(({ roots }) => Object.values(roots).every((each) => each === 'am')).flatMap(
    (options) => options.indexes
  )
)

/** Of contracts with a root; of those on an underlying where that is all that is known (`undefined`). */
export function settlementOf(root: string | undefined, underlying: string): Settlement {
  if (root !== undefined) return settlements.get(root) ?? 'pm'
  return morningOnly.has(underlying) ? 'am' : 'pm'
}

/**
 * The canonical symbol of what contracts with a root are on; undefined for a contract that a split or a merger adjusted: it
 * delivers something else than a hundred shares.
 */
export function underlyingOfRoot(root: string): string | undefined {
  if (/\d/.test(root)) return undefined
  return indexes.get(root) ?? SHARE_CLASSES[root] ?? root
}
