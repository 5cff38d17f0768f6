import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ApiError } from '../../src/errors.ts'
import { createGateway } from '../../src/gateway/gateway.ts'
import type { Attempt } from '../../src/market/provenance.ts'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { vendorServer, type Reply } from '../providers/vendor-server.ts'
import { COOKIES, CRUMB } from '../providers/yahoo-stand-in.ts'
import { shippedHours } from '../support/hours.ts'
import { testRedis, type TestRedis } from '../support/services.ts'
import { marketOf } from './market.ts'
import { alphaVantageAnswers } from './vendor-answers/alpha-vantage.ts'
import { fmpAnswers } from './vendor-answers/fmp.ts'
import { tiingoAnswers } from './vendor-answers/tiingo.ts'
import type { Answer, Value, VendorAnswer } from './vendor-answers/vendor-answer.ts'
import { yahooCompanyAnswers } from './vendor-answers/yahoo-company.ts'
import { yahooPayoutAnswers } from './vendor-answers/yahoo-payouts.ts'
import { yahooQuoteAnswers } from './vendor-answers/yahoo-quotes.ts'
import { yahooRowAnswers } from './vendor-answers/yahoo-rows.ts'
import { yahooSeriesAnswers } from './vendor-answers/yahoo-series.ts'

const VENDORS = { yahoo, fmp, 'alpha-vantage': alphaVantage, tiingo }

let server: TestRedis
beforeAll(async () => {
  server = await testRedis()
})
afterAll(() => server.close())
beforeEach(() => server.redis.flushdb())

describe.each([
  ['quotes of Yahoo', yahooQuoteAnswers],
  ['series of Yahoo', yahooSeriesAnswers],
  ['rows, zones and refusals of Yahoo', yahooRowAnswers],
  ['payouts and splits of Yahoo', yahooPayoutAnswers],
  ['options, companies and lists of Yahoo', yahooCompanyAnswers],
  ['Financial Modeling Prep', fmpAnswers],
  ['Alpha Vantage', alphaVantageAnswers],
  ['Tiingo', tiingoAnswers]
])('%s', (_, answers) => {
  test.each(answers)('$says', async ({ right, absent = [], note, ...told }) => {
    const outcome = await outcomeOf(told)
    expect(outcome).toMatchObject(right)
    expect(absent.filter((member) => member in outcome)).toEqual([])
    if (note === 'none') expect(outcome).toMatchObject({ notes: [] })
    else if (note) expect(outcome).toMatchObject({ notes: expect.arrayContaining([expect.stringMatching(note)]) })
  })
})

/** What the gateway makes of a vendor's answer, by way of the vendor's adapter. */
async function outcomeOf({ vendor, now, answers, ask }: Omit<VendorAnswer, 'right'>): Promise<object> {
  const { url } = await vendorServer(({ path, query }) =>
    replyTo(`${decodeURIComponent(path)}?${query.toString()}`, answers)
  )
  const provider = VENDORS[vendor]({
    apiKey: 'k',
    baseUrl: url,
    timeoutMs: 3000,
    plan: 'standard',
    hoursOf: shippedHours,
    now: () => Date.parse(now)
  })
  onTestFinished(() => provider.close())
  const gateway = createGateway(
    marketOf({ redis: server.redis, providers: [provider], hoursOf: shippedHours, now: () => Date.parse(now) })
  )
  onTestFinished(() => gateway.close())
  try {
    return shown(await ask(gateway, { priority: 'interactive' }))
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { attempts } = error.details as { attempts: readonly Attempt[] }
    return { failed: attempts.at(-1)?.outcome }
  }
}

function shown(value: Value | undefined): object {
  if (value === undefined) return { failed: 'not_found' }
  const { state, notes = [] } = value.provenance
  const closes = 'bars' in value ? (value.bars as { close: number }[]).map(({ close }) => close) : undefined
  return { ...value, state, notes, ...(closes && { closes }) }
}

function replyTo(asked: string, answers: VendorAnswer['answers']): Reply {
  if (asked.startsWith('/quote/AAPL')) return COOKIES as Reply
  if (asked.startsWith('/v1/test/getcrumb')) return CRUMB as Reply
  const answer: Answer | undefined = Object.entries(answers).find(([path]) => asked.includes(path))?.[1]
  if (!answer) return { status: 404, body: '{}' }
  const { body, text, ...head } = answer
  return { ...head, body: text ?? JSON.stringify(body) }
}
