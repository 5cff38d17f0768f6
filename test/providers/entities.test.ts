import { describe, expect, test } from 'vitest'
import { alphaVantage } from '../../src/providers/alpha-vantage/alpha-vantage.ts'
import { fmp } from '../../src/providers/fmp/fmp.ts'
import { textOf, webAddress } from '../../src/providers/parse.ts'
import { tiingo } from '../../src/providers/tiingo/tiingo.ts'
import { connect, quoted } from './answers.ts'
import { json, signal } from './vendor-server.ts'
import { standIn } from './yahoo-stand-in.ts'

describe('a reader sees letters where a vendor sends their entities', () => {
  test.each([
    ['M&amp;S Group', 'M&S Group'],
    ['Moody&#39;s &#x2013; Aaa', "Moody's – Aaa"],
    ['Nestl&eacute; &lt;NESN&gt;', 'Nestlé <NESN>'],
    ['&quot;Up&quot;&hellip;', '"Up"…']
  ])('%s', (sent, read) => expect(textOf(sent)).toBe(read))

  test.each(['AT&T', 'S&P 500', 'R&D; sales', 'a &bogus; b', 'rows &copy right'])('%s stays', (text) =>
    expect(textOf(text)).toBe(text)
  )

  test.each([
    ['AT&amp;amp;T', 'AT&T'],
    ['What&amp;#39;s', "What's"],
    ['A &amp;quot;B&amp;quot;', 'A "B"'],
    ['write &amp;amp;amp; thrice', 'write &amp; thrice']
  ])('twice where they were escaped twice: %s', (told, text) => expect(textOf(told)).toBe(text))
  test('and an address leads where the page led', () => {
    expect(webAddress('https://news.example/a?id=1&amp;page=2&#38;b=3')).toBe('https://news.example/a?id=1&page=2&b=3')
    expect(webAddress('https://news.example/a?id=1&page=2')).toBe('https://news.example/a?id=1&page=2')
  })
  test('and a text of nothing but spaces is none', () => expect(textOf('&nbsp;&#32;')).toBeUndefined())
})

describe('in what each vendor tells', () => {
  const [title, summary] = ['What&#39;s up at M&amp;S', 'Profit &gt; 1bn']
  const story = { title: "What's up at M&S", summary: 'Profit > 1bn' }

  test('names of Yahoo', async () => {
    expect(await quoted('MKS.L', { longName: 'M&amp;S &#124; Group' })).toMatchObject({ name: 'M&S | Group' })
    const match = { symbol: 'MKS.L', longname: 'M&amp;S', exchDisp: 'L&amp;SE', quoteType: 'EQUITY' }
    const assetProfile = {
      longBusinessSummary: 'R&amp;D',
      companyOfficers: [{ name: 'O&#39;Neil', title: 'CEO &amp; CFO' }]
    }
    const result = [{ assetProfile, price: { longName: 'M&amp;S', quoteType: 'EQUITY' } }]
    const content = {
      id: '1',
      title,
      summary,
      pubDate: '2026-07-28T10:00:00Z',
      canonicalUrl: { url: 'https://a.example/' }
    }
    const { provider } = await standIn({
      '/v1/finance/search': json({ quotes: [match] }),
      '/v10/finance/quoteSummary/': json({ quoteSummary: { result, error: null } }),
      '/xhr/ncp': json({ data: { tickerStream: { stream: [{ content }] } } })
    })
    expect((await provider.search!('m&s', 5, signal)).matches).toMatchObject([{ name: 'M&S' }])
    expect(await provider.profile!('MKS.L', signal)).toMatchObject({
      name: 'M&S',
      description: 'R&D',
      officers: [{ name: "O'Neil", title: 'CEO & CFO' }]
    })
    expect((await provider.news!('MKS.L', 5, signal)).items).toMatchObject([story])
  })

  test('stories of FMP, Tiingo and Alpha Vantage', async () => {
    const url = 'https://a.example/'
    const ofFmp = await connect(fmp, json([{ title, text: summary, url, publishedDate: '2026-07-28 10:00:00' }]))
    const ofTiingo = await connect(
      tiingo,
      json([{ id: 1, title, description: summary, url, publishedDate: '2026-07-28T10:00:00Z' }])
    )
    const feed = [{ title, summary, url, time_published: '20260728T100000' }]
    const ofAlphaVantage = await connect(alphaVantage, json({ items: '1', feed }))
    for (const provider of [ofFmp, ofTiingo, ofAlphaVantage]) {
      expect((await provider.news!('AAPL', 5, signal)).items).toMatchObject([story])
    }
  })

  test('profiles of all others', async () => {
    const [name, description] = ['M&amp;S', 'R&amp;D']
    const answers = {
      fmp: [{ symbol: 'AAPL', companyName: name, description }],
      tiingo: { ticker: 'AAPL', name, description },
      alphaVantage: { Symbol: 'AAPL', Name: name, Description: description }
    }
    for (const provider of [
      await connect(fmp, json(answers.fmp)),
      await connect(tiingo, json(answers.tiingo)),
      await connect(alphaVantage, json(answers.alphaVantage))
    ]) {
      expect(await provider.profile!('AAPL', signal)).toMatchObject({ name: 'M&S', description: 'R&D' })
    }
  })
})
