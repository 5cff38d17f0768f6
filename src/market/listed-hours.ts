import { Type, type Static } from 'typebox'
import { TradingDay } from './market-status.ts'

/** When an instrument trades on the days from the one on which it was told. */
export const ListedHours = Type.Object({
  source: Type.String({ description: 'Who says so: a vendor, or `calendar`', examples: ['ibkr', 'calendar'] }),
  timeZone: Type.String({ description: 'IANA', examples: ['America/New_York'] }),
  sessions: Type.Array(TradingDay, { description: 'Of the days that have one, in their order' }),
  closed: Type.Array(Type.String({ description: 'YYYY-MM-DD' }), { description: 'Days without a session' })
})
export type ListedHours = Static<typeof ListedHours>
