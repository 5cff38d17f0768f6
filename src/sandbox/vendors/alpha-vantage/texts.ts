import { DASHED_SPELLING, spelledIssue, usIssue } from '../../../market/us-issue.ts'
import { json, type VendorAnswer } from '../vendor.ts'

export const BAD_KEY =
  'the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key). It should take less than 20 seconds.'
export const DEMO_KEY =
  'The **demo** API key is for demo purposes only. Please claim your free API key at (https://www.alphavantage.co/support/#api-key) to explore our full API offerings. It takes fewer than 20 seconds.'
export const PREMIUM =
  'Thank you for using Alpha Vantage! This is a premium endpoint. You may subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly unlock all premium endpoints'
const SAMPLE_ONLY =
  'This is a premium endpoint. ***THE SAMPLE DATA SCHEMA BELOW IS ARTIFICIAL AND FOR ILLUSTRATION PURPOSES ONLY***. To access the actual data, please subscribe to either the 600 requests per minute or the 1200 requests per minute premium plan at https://www.alphavantage.co/premium/ if you would like to access realtime US options data for personal non-professional use.'

/** The vendor echoes the caller's key. */
export const dailyLimit = (key: string) =>
  `We have detected your API key as ${key} and our standard API rate limit is 25 requests per day. Please subscribe to any of the premium plans at https://www.alphavantage.co/premium/ to instantly remove all daily rate limits.`

export const invalidCall = (name: string) =>
  `Invalid API call. Please retry or visit the documentation (https://www.alphavantage.co/documentation/) for ${name}.`

export const information = (text: string): VendorAnswer => json({ Information: text })
export const errorMessage = (text: string): VendorAnswer => json({ 'Error Message': text })

/** What a key without the entitlement gets for real-time functions: plausible rows that are not the market's. */
export function artificialSample(endpoint: string): VendorAnswer {
  const row = { symbol: 'MSFT', timestamp: '2024-10-18 19:59:55.291', open: '417.14', high: '419.65', low: '416.26' }
  return json({ endpoint, message: SAMPLE_ONLY, data: [{ ...row, close: '418.16', volume: '17145300' }] })
}

/** As Alpha Vantage spells a canonical symbol; undefined for what it does not carry (indices, pairs, India's NSE). */
export function alphaVantageSymbol(symbol: string): string | undefined {
  const issue = usIssue(symbol)
  if (issue) return spelledIssue(issue, DASHED_SPELLING)
  if (/^[A-Z]+$/.test(symbol)) return symbol
  const [, root, suffix] = /^([A-Z]+)\.(L|TO)$/.exec(symbol) ?? []
  return root && `${root}.${suffix === 'L' ? 'LON' : 'TRT'}`
}
