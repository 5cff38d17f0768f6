import type { BarRequest } from '../../../src/market/bar.ts'
import { barsOf, IN_SESSION, quotesOf, type Answer, type VendorAnswer } from './vendor-answer.ts'

const DAYS = ['24', '23', '20', '19', '18', '17', '16'].map((day) => `2026-11-${day}`)
/** The day of these places from which something holds; newest first. */
const EVENT_AT = 2

const answered = (
  says: string,
  answer: Answer,
  ask: VendorAnswer['ask'],
  right: object,
  more: Partial<VendorAnswer> = {}
): VendorAnswer => ({
  says,
  vendor: 'alpha-vantage',
  now: IN_SESSION,
  answers: { '/query': answer },
  ask,
  right,
  ...more
})
const quote = (says: string, members: object, right: object, more: Partial<VendorAnswer> = {}) => {
  const whole = {
    '01. symbol': 'IBM',
    '02. open': '210.0',
    '03. high': '212.0',
    '04. low': '209.0',
    '05. price': '211.0',
    '06. volume': '3000000',
    '07. latest trading day': '2026-11-24',
    '08. previous close': '210.0',
    '09. change': '1.0',
    '10. change percent': '0.4762%'
  }
  return answered(says, { body: { 'Global Quote': { ...whole, ...members } } }, quotesOf('IBM'), right, more)
}
const refusal = (says: string, answer: Answer, failed: string) => answered(says, answer, quotesOf('IBM'), { failed })

type Told = { close: number; adjusted?: number; paid?: string; split?: string; volume?: string }
const row = ({ close, adjusted, paid = '0.0000', split = '1.0', volume = '1000' }: Told) => {
  const prices = {
    '1. open': `${close}`,
    '2. high': `${close * 1.01}`,
    '3. low': `${close * 0.99}`,
    '4. close': `${close}`
  }
  return adjusted === undefined
    ? { ...prices, '5. volume': volume }
    : {
        ...prices,
        '5. adjusted close': `${adjusted}`,
        '6. volume': volume,
        '7. dividend amount': paid,
        '8. split coefficient': split
      }
}
const series = (
  says: string,
  toldAt: (place: number) => Told | null,
  right: object,
  more: Partial<VendorAnswer> & { adjusted?: BarRequest['adjusted'] } = {}
) => {
  const { adjusted = 'all', ...rest } = more
  const rows = Object.fromEntries(
    DAYS.map((day, place) => {
      const told = toldAt(place)
      return [day, told && row(told)]
    })
  )
  const body = { 'Meta Data': { '2. Symbol': 'IBM', '3. Last Refreshed': DAYS[0] }, 'Time Series (Daily)': rows }
  return answered(says, { body }, barsOf('IBM', ['2026-11-16', '2026-11-25'], { adjusted }), right, rest)
}

const QUOTES: VendorAnswer[] = [
  quote(
    'texts that stand for no number are missing',
    { '02. open': 'None', '03. high': '-', '04. low': '0.0000', '06. volume': 'N/A', '10. change percent': '-inf%' },
    { price: 211, change: 1 },
    { absent: ['open', 'dayHigh', 'dayLow', 'volume', 'changePercent'] }
  ),
  quote('a signed percentage is that percentage', { '10. change percent': '+0.4762%' }, { changePercent: 0.4762 }),
  quote('a price of years ago is stale', { '07. latest trading day': '2023-05-02' }, { price: 211, state: 'stale' }),
  quote('a price of a day to come is none', { '07. latest trading day': '2026-12-02' }, { failed: 'bad_payload' }),
  quote('a price of another listing is none', { '01. symbol': 'IBM.LON' }, { failed: 'bad_payload' })
]

const REFUSALS: VendorAnswer[] = [
  refusal(
    'a note about requests a minute is a limit',
    { body: { Note: 'Our standard API call frequency is 5 calls per minute and 500 calls per day.' } },
    'rate_limited'
  ),
  refusal(
    'a note beside an answer is a limit',
    { body: { 'Global Quote': {}, Note: 'Our standard API call frequency is 5 calls per minute.' } },
    'rate_limited'
  ),
  refusal(
    'an information about requests a day is a limit',
    {
      body: {
        Information: 'We have detected your API key as K and our standard API rate limit is 25 requests per day.'
      }
    },
    'rate_limited'
  ),
  refusal(
    'an information about the demo key is a wrong key',
    { body: { Information: 'The **demo** API key is for demo purposes only.' } },
    'unauthorized'
  ),
  refusal(
    'a message about the key is a wrong key',
    { body: { 'Error Message': 'the parameter apikey is invalid or missing.' } },
    'unauthorized'
  ),
  refusal('an empty array is no answer', { body: [] }, 'bad_payload'),
  refusal('a web page is no answer', { text: '<!DOCTYPE html><html>', type: 'text/html' }, 'bad_payload')
]

const SERIES: VendorAnswer[] = [
  series(
    'a day of nothing is told',
    (place) => (place === EVENT_AT ? null : { close: 210 }),
    {},
    { adjusted: 'none', note: /2026-11-20/ }
  ),
  series(
    'a volume that is no number is none',
    () => ({ close: 210, volume: 'nan' }),
    { closes: DAYS.map(() => 210) },
    { adjusted: 'none' }
  ),
  series(
    'a total return follows what is paid',
    (place) => ({ close: place <= EVENT_AT ? 95 : 100, adjusted: 95, ...(place === EVENT_AT && { paid: '5.0' }) }),
    { closes: DAYS.map(() => 95), state: 'delayed' }
  ),
  series(
    'a total return follows a split',
    (place) => ({ close: place <= EVENT_AT ? 25 : 100, adjusted: 25, ...(place === EVENT_AT && { split: '4.0' }) }),
    { closes: DAYS.map(() => 25), state: 'delayed' }
  ),
  series(
    'a total return that leaves out a payout is told',
    (place) => ({ close: 100, adjusted: 100, ...(place === EVENT_AT && { paid: '5.0' }) }),
    { state: 'suspect' },
    { note: /where 5 % was paid out/ }
  ),
  series(
    'a total return that takes off what nobody paid is told',
    (place) => ({ close: 100, adjusted: place <= EVENT_AT ? 100 : 90 }),
    { state: 'suspect' },
    { note: /where no payout is listed/ }
  ),
  series(
    'a total return that does not follow a split is told',
    (place) => ({
      close: place <= EVENT_AT ? 25 : 100,
      adjusted: place <= EVENT_AT ? 25 : 100,
      ...(place === EVENT_AT && { split: '4.0' })
    }),
    { state: 'suspect' },
    { note: /do not follow the split/ }
  ),
  series(
    'an adjusted close of thousands of times the close costs its day alone',
    (place) => ({ close: 29.8, adjusted: place === EVENT_AT ? 245_397 : 29.8 }),
    { closes: DAYS.slice(1).map(() => 29.8), state: 'delayed' }
  )
]

const twice = (says: string, day: string, close: number, right: object, note: RegExp | 'none') => {
  const rows = [...DAYS.map((each) => [each, 210] as const), [day, close] as const]
  const members = rows.map(([name, price]) => `"${name}": ${JSON.stringify(row({ close: price }))}`).join()
  const text = `{"Meta Data": {"2. Symbol": "IBM"}, "Time Series (Daily)": {${members}}}`
  return answered(says, { text }, barsOf('IBM', ['2026-11-16', '2026-11-25'], { adjusted: 'none' }), right, { note })
}
const REPEATED: VendorAnswer[] = [
  twice('a day that is told twice and alike is one', '2026-11-20', 210, { closes: DAYS.map(() => 210) }, 'none'),
  ...['2026-11-20', '2026-11-20 16:00:00'].map((day) =>
    twice(
      `a day that is told twice and not alike, as ${day}, is left out`,
      day,
      215,
      { closes: DAYS.slice(1).map(() => 210) },
      /tells 2026-11-20 twice and not alike/
    )
  )
]

const contract = (expiration: string, symbol: string) => ({
  contractID: symbol,
  symbol: 'IBM',
  expiration,
  strike: '200.00',
  type: 'call',
  last: '0.00',
  bid: '11.9',
  ask: '12.1',
  volume: '0',
  open_interest: '100',
  date: '2026-11-24',
  implied_volatility: '0.25',
  delta: '0.7',
  gamma: 'None'
})
const NEXT = contract('2026-12-18', 'IBM261218C00200000')
const OVER = contract('2026-11-24', 'IBM261124C00200000')
const options = (says: string, data: object[], right: object) =>
  answered(
    says,
    { body: { endpoint: 'Historical Options', data } },
    (gateway, ask) => gateway.options('IBM', undefined, ask),
    right
  )

const OTHERS: VendorAnswer[] = [
  options('the nearest expiry is one that is not over', [OVER, NEXT], {
    expiries: ['2026-12-18'],
    contracts: [{ symbol: 'IBM261218C00200000', bid: 11.9 }]
  }),
  options('contracts that are all over are no chain', [OVER], { failed: 'not_covered' }),
  answered(
    'a payout in cents among payouts in dollars is in doubt',
    {
      body: {
        symbol: 'IBM',
        data: [
          { ex_dividend_date: '2026-11-10', amount: '1.68' },
          { ex_dividend_date: '2026-08-10', amount: 'None' },
          { ex_dividend_date: '2026-05-10', amount: '168.0' }
        ]
      }
    },
    (gateway, ask) => gateway.dividends('IBM', ask),
    { state: 'suspect' }
  ),
  answered(
    'what a company does not tell is missing',
    {
      body: {
        Symbol: 'IBM',
        AssetType: 'Common Stock',
        Name: 'IBM',
        Currency: 'USD',
        Industry: 'None',
        MarketCapitalization: 'None',
        PERatio: '-',
        Beta: 'None',
        SharesOutstanding: '0'
      }
    },
    (gateway, ask) => gateway.profile('IBM', ask),
    { name: 'IBM' },
    { absent: ['industry', 'marketCap', 'peRatio', 'beta', 'sharesOutstanding'] }
  )
]

export const alphaVantageAnswers = [...QUOTES, ...REFUSALS, ...SERIES, ...REPEATED, ...OTHERS]
