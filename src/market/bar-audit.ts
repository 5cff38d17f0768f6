import { Type, type Static } from 'typebox'

/**
 * Why a bar of our own making is not the official one. `one_venue`: ours is of one venue, theirs of all; `gap`: trades are known
 * to be missing here; `fractional`: they count whole shares alone; `odd_lot`, `condition`: they have other rules for trades that
 * may not move a price; `late`: they left out trades that were reported late; `auction`: they have another opening or closing
 * price; `wrong`: nothing of that explains it.
 */
export const BarDifferenceCause = Type.Enum([
  'one_venue',
  'gap',
  'fractional',
  'odd_lot',
  'late',
  'condition',
  'auction',
  'wrong'
])
export type BarDifferenceCause = Static<typeof BarDifferenceCause>
