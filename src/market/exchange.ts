import { Type } from 'typebox'

export const Mic = Type.String({
  pattern: '^[A-Z0-9]{4}$',
  description: 'Market identifier code (ISO 10383) of the exchange; absent where it is not known',
  examples: ['XNAS']
})
export const ExchangeName = Type.String({
  description: 'Display name of the exchange; where it is not known, as the vendor names it',
  examples: ['NASDAQ']
})
