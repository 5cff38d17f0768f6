import { describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { currencyOf, currencyUnit, textOf, webAddress } from '../../src/providers/parse.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { connect, NOW, quoted } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

const HOSTILE = 'Ac\u0000me\u001b[31m \u202egro.live\u202c\r\nSet-Cookie: a\u2066b\u2069 \ud800Ltd\ufeff\u0085'
const SHOWN = 'Acme[31m gro.live Set-Cookie: ab Ltd'
const ADDRESS = 'https://news.example/a\u0000b\u202ec'

/** Every text in a value, its keys aside. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}

describe('a text of a vendor', () => {
  test.each([
    ['loses control characters and turned directions', HOSTILE, SHOWN],
    ['is one line', 'one\ntwo\r\n\u2028three\tfour', 'one two three four'],
    ['loses them where they come as entities', 'a&#27;b&#x202E;c&#10;d', 'abc d'],
    ['keeps letters of all scripts', 'Ağaoğlu, 日本電産, Фонд, شركة', 'Ağaoğlu, 日本電産, Фонд, شركة'],
    ['keeps what joins the parts of a sign', '👩‍💻 नई‍दिल्ली', '👩‍💻 नई‍दिल्ली'],
    ['is cut between signs', `${'a'.repeat(498)}😀😀`, `${'a'.repeat(498)}…`]
  ])('%s', (_, sent, read) => expect(textOf(sent)).toBe(read))

  test.each(['\u0000', '\u202e\u202c', ' \u200b '])('of nothing that can be shown is none: %j', (sent) =>
    expect(textOf(sent)).toBeUndefined()
  )

  test('is no address unless a browser may follow it', () => {
    expect(webAddress('javascript:alert(1)')).toBeUndefined()
    expect(webAddress(`https://a.example/${'a'.repeat(5000)}`)).toBeUndefined()
    expect(webAddress(ADDRESS)).toBe('https://news.example/a%00b%E2%80%AEc')
  })
})

describe('what each vendor writes into names and stories is cleaned', () => {
  const isClean = (value: unknown) => {
    for (const text of textsIn(value)) expect(text).toBe(textOf(text))
    expect(JSON.stringify(value)).toContain(SHOWN)
  }
  const publishedDate = '2026-07-28 10:00:00'

  test('by Yahoo', async () => {
    isClean(await quoted('ACME', { longName: HOSTILE, fullExchangeName: HOSTILE }))
    const story = { uuid: HOSTILE, title: HOSTILE, link: ADDRESS, publisher: HOSTILE, providerPublishTime: NOW / 1000 }
    const { provider } = await standIn({ '/v1/finance/search': json({ quotes: [], news: [story] }) })
    isClean(await provider.news!('ACME', 5, signal))
  })

  test('by FMP', async () => {
    const provider = await connect(fmp, ({ path }) =>
      json(
        path.includes('news')
          ? [{ symbol: 'ACME', publishedDate, title: HOSTILE, url: ADDRESS, publisher: HOSTILE, text: HOSTILE }]
          : [
              {
                symbol: 'ACME',
                price: 1,
                name: HOSTILE,
                companyName: HOSTILE,
                exchange: HOSTILE,
                sector: HOSTILE,
                ceo: HOSTILE
              }
            ]
      )
    )
    isClean((await provider.quotes!(['ACME'], signal)).get('ACME'))
    isClean(await provider.profile!('ACME', signal))
    isClean(await provider.news!('ACME', 5, signal))
    isClean(await provider.search!('ACME', 5, signal))
  })

  test('by Alpha Vantage', async () => {
    const story = { title: HOSTILE, url: ADDRESS, time_published: '20260728T100000', summary: HOSTILE, source: HOSTILE }
    const option = { contractID: HOSTILE, expiration: '2026-12-18', strike: '10', type: 'call', date: '2026-07-28' }
    const answers: Record<string, unknown> = {
      OVERVIEW: { Symbol: 'ACME', Name: HOSTILE, Description: HOSTILE, Exchange: HOSTILE, Industry: HOSTILE },
      NEWS_SENTIMENT: { feed: [story] },
      SYMBOL_SEARCH: { bestMatches: [{ '1. symbol': 'ACME', '2. name': HOSTILE, '8. currency': 'USD' }] },
      HISTORICAL_OPTIONS: { data: [option] }
    }
    const provider = await connect(alphaVantage, ({ query }) => json(answers[query.get('function')!]))
    isClean(await provider.profile('ACME', signal))
    isClean(await provider.news('ACME', 5, signal))
    isClean(await provider.search('ACME', 5, signal))
    isClean(await provider.options('ACME', undefined, signal))
  })

  test('by Tiingo', async () => {
    const listing = { ticker: 'ACME', name: HOSTILE, description: HOSTILE, exchangeCode: HOSTILE }
    const story = { id: HOSTILE, publishedDate, title: HOSTILE, url: ADDRESS, source: HOSTILE, description: HOSTILE }
    const provider = await connect(tiingo, ({ path }) =>
      json(
        path.includes('/news') ? [story] : path.includes('/search') ? [listing] : path.includes('/meta') ? [] : listing
      )
    )
    isClean(await provider.profile!('ACME', signal))
    isClean(await provider.news!('ACME', 5, signal))
    isClean(await provider.search!('ACME', 5, signal))
  })
})

describe('a currency is one that exists', () => {
  test.each(['U=1+1', 'É😀\r', 'USD\r\nX-EVIL: 1', 'US', 'DOLLARS', 'XXX', 'constructor', '__proto__', 'NaN'])(
    '%j is none, and its prices are in doubt',
    async (code) => {
      expect(currencyUnit(code)).toMatchObject({ currency: undefined, perMajor: 1, isCertain: false })
      expect(currencyOf(code)).toBeUndefined()
      const quote = await quoted('ACME', { currency: code })
      expect(quote).not.toHaveProperty('currency')
      expect(quote?.provenance).toMatchObject({ state: 'suspect', notes: [expect.stringContaining('currency')] })
    }
  )

  test.each([
    ['USD', 'USD', 1],
    ['eur', 'EUR', 1],
    [' USD ', 'USD', 1],
    ['GBp', 'GBP', 100],
    ['GBX', 'GBP', 100],
    ['ILA', 'ILS', 100],
    ['ZAc', 'ZAR', 100],
    ['KWF', 'KWD', 1000],
    ['CNH', 'CNH', 1],
    ['BTC', 'BTC', 1]
  ])('%s is %s in %d parts', (code, currency, perMajor) =>
    expect(currencyUnit(code)).toMatchObject({ currency, perMajor, isCertain: true })
  )
})
