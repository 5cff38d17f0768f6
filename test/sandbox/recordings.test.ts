import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readFolder, readRecordings } from '../../src/sandbox/recording.ts'
import { startRecordings, type RecordedVendors } from '../../src/sandbox/recordings.ts'

type Sidecar = { provider: string; url: string; status?: number; headers?: Record<string, string>; body: string }

const SIDECARS: Record<string, Sidecar> = {
  aapl: {
    provider: 'yahoo',
    url: 'https://query1.finance.yahoo.com/v8/finance/chart/AAPL?interval=1d',
    body: '"AAPL 1d"'
  },
  minutes: {
    provider: 'yahoo',
    url: 'https://query1.finance.yahoo.com/v8/finance/chart/AAPL?interval=5m',
    body: '"AAPL 5m"'
  },
  consent: { provider: 'yahoo', url: 'https://finance.yahoo.com/quote/AAPL', status: 307, body: '' },
  batch: { provider: 'fmp', url: 'https://fmp.example/stable/quote?symbol=AAPL&apikey=REDACTED', body: '[1]' },
  limited: {
    provider: 'fmp',
    url: 'https://fmp.example/stable/quote?symbol=AAPL',
    status: 429,
    headers: { 'Retry-After': '30', 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' },
    body: 'Limit Reach'
  },
  iex: { provider: 'tiingo', url: 'https://api.tiingo.com/iex/IBM?token=REDACTED', body: '["IBM"]' },
  overview: {
    provider: 'alphavantage',
    url: 'https://www.alphavantage.co/query?function=OVERVIEW&symbol=IBM',
    body: '{"a":1}'
  }
}

describe('a folder of recordings stands in for the vendors', () => {
  let folder: string
  let vendors: RecordedVendors

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'recordings-'))
    for (const [name, { body, status = 200, ...rest }] of Object.entries(SIDECARS)) {
      await mkdir(join(folder, rest.provider, 'need'), { recursive: true })
      const path = join(folder, rest.provider, 'need', name)
      await writeFile(`${path}.json`, body)
      await writeFile(`${path}.meta.json`, JSON.stringify({ ...rest, status, need: 'need', bodyFile: `${name}.json` }))
    }
    vendors = await startRecordings({ folder })
  })
  afterAll(async () => {
    await vendors.close()
    await rm(folder, { recursive: true })
  })

  async function get(path: string) {
    const response = await fetch(vendors.url + path, { redirect: 'manual' })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  test('the symbol and the interval choose the recording, the key does not', async () => {
    vendors.use(undefined)
    expect((await get('/yahoo/v8/finance/chart/AAPL?interval=5m&period1=1')).text).toBe('"AAPL 5m"')
    expect((await get('/yahoo/v8/finance/chart/aapl?interval=1d')).text).toBe('"AAPL 1d"')
    expect((await get('/fmp/stable/quote?symbol=AAPL&apikey=another')).text).toBe('[1]')
    expect((await get('/alpha-vantage/query?apikey=another&function=OVERVIEW&symbol=IBM')).text).toBe('{"a":1}')
    expect((await get('/tiingo/iex/?tickers=ibm,msft')).text).toBe('["IBM"]')
  })

  test('what was not recorded is an unknown symbol in the words of each vendor', async () => {
    vendors.use(undefined)
    expect(await get('/yahoo/v8/finance/chart/MSFT?interval=1d')).toMatchObject({ status: 404 })
    expect((await get('/yahoo/v7/finance/quote?symbols=MSFT')).text).toBe(
      '{"quoteResponse":{"result":[],"error":null}}'
    )
    expect(await get('/fmp/stable/quote?symbol=MSFT')).toMatchObject({ status: 200, text: '[]' })
    expect((await get('/alpha-vantage/query?function=GLOBAL_QUOTE&symbol=MSFT')).text).toBe('{"Global Quote":{}}')
    expect((await get('/alpha-vantage/query?function=TIME_SERIES_DAILY&symbol=X')).text).toContain('Invalid API call')
    expect(await get('/tiingo/tiingo/daily/MSFT/prices')).toMatchObject({ status: 404 })
    expect((await get('/nobody/else')).status).toBe(404)
  })

  test('Yahoo grants a session whatever page of its consent was recorded', async () => {
    vendors.use(undefined)
    const page = await get('/yahoo/quote/AAPL')
    expect(page.status).toBe(200)
    expect(page.headers.get('set-cookie')).toContain('A3=')
    expect((await get('/yahoo/v1/test/getcrumb')).text).not.toBe('')
    vendors.use('yahoo/need/consent')
    expect((await get('/yahoo/quote/AAPL')).status).toBe(307)
  })

  test('a pinned recording answers for every symbol of its endpoint, with its own status and headers', async () => {
    vendors.use('fmp/need/limited')
    const { status, headers, text } = await get('/fmp/stable/quote?symbol=MSFT')
    expect([status, text, headers.get('retry-after')]).toEqual([429, 'Limit Reach', '30'])
    expect(headers.get('content-encoding')).toBeNull()
    expect((await get('/fmp/stable/profile?symbol=MSFT')).text).toBe('[]')
    expect(vendors.served.map(({ recording }) => recording)).toEqual(['fmp/need/limited', undefined])
    vendors.use('fmp/need/limited', 'everywhere')
    expect((await get('/fmp/stable/profile?symbol=MSFT')).status).toBe(429)
    expect(() => vendors.use('fmp/need/nothing')).toThrow(RangeError)
  })
})

describe('a folder that others made', () => {
  async function folderOf(files: Record<string, string | Buffer>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'recordings-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), content)
    }
    return folder
  }
  const url = 'https://query1.finance.yahoo.com/v7/finance/quote?symbols=AAPL'

  test('what a sidecar leaves out, its place tells, and packed bodies are unpacked', async () => {
    const folder = await folderOf({
      'yahoo/quote/aapl.meta.json': `\uFEFF${JSON.stringify({ url })}`,
      'yahoo/quote/aapl.json.gz': gzipSync('{"quoteResponse":{}}')
    })
    const [recording] = await readRecordings(folder)
    expect(recording).toMatchObject({ vendor: 'yahoo', need: 'quote', status: 200, method: 'GET' })
    expect(recording!.body.toString()).toBe('{"quoteResponse":{}}')
  })

  test('what cannot be read is named with its reason, and is not missing in silence', async () => {
    const folder = await folderOf({
      'yahoo/quote/broken.meta.json': '{nope',
      'yahoo/quote/gone.meta.json': JSON.stringify({ url, bodyFile: 'gone.json' }),
      'yahoo/quote/unasked.meta.json': '{}',
      'finnhub/quote/other.meta.json': JSON.stringify({ url })
    })
    const { recordings, unusable } = await readFolder(folder)
    expect(recordings).toEqual([])
    expect(unusable.map(({ id, reason }) => [id, reason])).toEqual([
      ['finnhub/quote/other', 'no REST provider here'],
      ['yahoo/quote/broken', 'its sidecar is not a JSON object'],
      ['yahoo/quote/gone', 'it has no body beside its sidecar'],
      ['yahoo/quote/unasked', 'its sidecar has no url that was asked']
    ])
    await expect(readRecordings(folder)).rejects.toThrow('yahoo/quote/broken')
  })
})
