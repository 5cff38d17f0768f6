import { Type, type Static } from 'typebox'
import { tickProperties } from './tick.ts'

/**
 * `halted`: no trading, until further notice; `paused`: no trading for some minutes, after a price left its band;
 * `quoting`: orders are quoted, but not executed, before trading resumes.
 */
export const TradingStatus = Type.Enum(['trading', 'quoting', 'paused', 'halted'])
export type TradingStatus = Static<typeof TradingStatus>

/** Whether a symbol may trade and between which prices, as its primary exchange says. A band alone leaves the status. */
export const Halt = Type.Object(
  {
    ...tickProperties,
    status: Type.Optional(TradingStatus),
    reason: Type.Optional(Type.String({ description: 'In words', examples: ['News pending'] })),
    reasonCode: Type.Optional(Type.String({ description: 'As the exchange says', examples: ['T1', 'LUDP'] })),
    limitUp: Type.Optional(Type.Number({ description: 'No trade above it' })),
    limitDown: Type.Optional(Type.Number({ description: 'No trade below it' }))
  },
  { $id: 'Halt' }
)
export type Halt = Static<typeof Halt>
