import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonRows, JsonRowsError } from '../../src/providers/json-rows.ts'
import { listedInstrument, MasterRowProblem } from '../../src/providers/upstox/master.ts'
import { MasterFileError, masterRows } from '../../src/providers/upstox/master-file.ts'
import { signal, vendorServer, type Reply } from './vendor-server.ts'
import { runsOf } from '../support/depth.ts'

/** As Upstox documents them: contracts end with the day in India. */
const OPTION = {
  weekly: true,
  segment: 'NSE_FO',
  name: 'NIFTY',
  exchange: 'NSE',
  expiry: Date.parse('2026-10-13T23:59:59+05:30'),
  instrument_type: 'CE',
  underlying_symbol: 'NIFTY',
  instrument_key: 'NSE_FO|45450',
  lot_size: 75,
  exchange_token: '45450',
  underlying_key: 'NSE_INDEX|Nifty 50',
  underlying_type: 'INDEX',
  tick_size: 5,
  trading_symbol: 'NIFTY 25000 CE 13 OCT 26',
  strike_price: 25_000
}
const SHARE = {
  segment: 'NSE_EQ',
  name: 'RELIANCE INDUSTRIES LTD',
  exchange: 'NSE',
  isin: 'INE002A01018',
  instrument_type: 'EQ',
  instrument_key: 'NSE_EQ|INE002A01018',
  lot_size: 1,
  exchange_token: '2885',
  tick_size: 10,
  trading_symbol: 'RELIANCE'
}

describe('rows of an array that comes in pieces', () => {
  test('are those of the whole text, wherever it is cut', () => {
    const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), { maxLength: 5 })
    fc.assert(
      fc.property(rows, fc.boolean(), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (given, isSpaced, sizes) => {
        const text = JSON.stringify(given, null, isSpaced ? 2 : 0)
        const reader = new JsonRows()
        const read: unknown[] = []
        for (let at = 0, size = 0; at < text.length; at += size) {
          size = sizes.next().value as number
          read.push(...reader.push(text.slice(at, at + size)))
        }
        reader.end()
        expect(read).toEqual(JSON.parse(text))
      }),
      { numRuns: runsOf(60) }
    )
  })

  test.each([
    ['half a file', '[{"a":1},{"b"'],
    ['a file without its end', '[{"a":1}'],
    ['no file', ''],
    ['an error in place of a file', '{"status":"error"}'],
    ['a page', '<html></html>'],
    ['two files in one', '[{"a":1}][{"a":1}]'],
    ['rows that are no objects', '[1,2]'],
    ['a row without a comma before it', '[{"a":1}{"a":1}]'],
    ['a row that is not JSON', '[{"a":NaN}]'],
    ['a row that never ends', `[{"a":"${'x'.repeat(70_000)}`]
  ])('are not taken from %s', (_what, text) => {
    const reader = new JsonRows()
    expect(() => {
      reader.push(text)
      reader.end()
    }).toThrow(JsonRowsError)
  })
})

describe('a row of the master file', () => {
  test('tells an option with its terms, its underlying and its price step', () => {
    expect(listedInstrument(OPTION, 'NSE')).toEqual({
      alias: 'NSE_FO|45450',
      symbol: 'NSE:NIFTY261013C25000',
      name: 'NIFTY',
      kind: 'option',
      mic: 'XNSE',
      exchange: 'NSE',
      country: 'IN',
      currency: 'INR',
      segment: 'NSE_FO',
      tradingSymbol: 'NIFTY 25000 CE 13 OCT 26',
      exchangeToken: '45450',
      lot: 75,
      tickSizes: [{ from: 0, size: 0.05 }],
      underlying: '^NSEI',
      expiry: '2026-10-13',
      strike: 25_000,
      right: 'call',
      tradable: true
    })
  })

  const cases: [string, object, 'NSE' | 'BSE' | 'MCX', object][] = [
    ['a share', SHARE, 'NSE', { symbol: 'NSE:RELIANCE', kind: 'equity', isin: 'INE002A01018' }],
    ['a listed fund', { ...SHARE, isin: 'INF204KB14I2', trading_symbol: 'NIFTYBEES' }, 'NSE', { kind: 'etf' }],
    [
      'a bond, beside the share of its issuer',
      { ...SHARE, instrument_type: 'N2' },
      'NSE',
      { symbol: 'NSE:RELIANCE-N2', kind: 'other' }
    ],
    [
      'an index, however its name is written',
      { ...SHARE, segment: 'NSE_INDEX', instrument_type: 'INDEX', instrument_key: 'NSE_INDEX|NIFTY 50' },
      'NSE',
      { symbol: '^NSEI', kind: 'index', tradable: false }
    ],
    [
      'another index',
      { ...SHARE, segment: 'NSE_INDEX', instrument_type: 'INDEX', instrument_key: 'NSE_INDEX|Nifty Fin Service' },
      'NSE',
      { symbol: '^NIFTY_FIN_SERVICE' }
    ],
    [
      'a future on a share',
      { ...OPTION, instrument_type: 'FUT', underlying_symbol: 'M&M', underlying_type: 'EQUITY', strike_price: 0 },
      'NSE',
      { symbol: 'NSE:M&M261013F', underlying: 'NSE:M&M', kind: 'future' }
    ],
    [
      'an option with a broken strike',
      {
        ...OPTION,
        underlying_symbol: 'TATASTEEL',
        underlying_type: 'EQUITY',
        instrument_type: 'PE',
        strike_price: 132.5
      },
      'NSE',
      { symbol: 'NSE:TATASTEEL261013P132.5', right: 'put' }
    ],
    [
      'a currency future',
      {
        ...OPTION,
        segment: 'NCD_FO',
        instrument_type: 'FUT',
        underlying_symbol: 'USDINR',
        underlying_type: 'CUR',
        tick_size: 0.25
      },
      'NSE',
      { symbol: 'NSE:USDINR261013F', underlying: 'USDINR=X', tickSizes: [{ from: 0, size: 0.0025 }] }
    ],
    [
      'an option on gold, whose strike has six digits',
      { ...OPTION, segment: 'MCX_FO', underlying_symbol: 'GOLD', underlying_type: 'COM', strike_price: 125_000 },
      'MCX',
      { symbol: 'MCX:GOLD261013C125000', underlying: 'MCX:GOLD', mic: 'XIMC' }
    ]
  ]
  test.each(cases)('tells %s', (_what, row, exchange, told) => {
    expect(listedInstrument(row, exchange)).toMatchObject(told)
  })

  test.each([
    ['nothing', null, 'a field'],
    ['no key', { ...SHARE, instrument_key: undefined }, 'instrument_key'],
    ['a key of another type', { ...SHARE, instrument_key: 7 }, 'instrument_key'],
    ['no expiry', { ...OPTION, expiry: undefined }, 'expiry'],
    ['an expiry that is no date', { ...OPTION, expiry: 'soon' }, 'expiry'],
    ['an expiry beyond all dates', { ...OPTION, expiry: 1e20 }, 'expiry'],
    ['no strike', { ...OPTION, strike_price: 0 }, 'strike_price'],
    ['no underlying', { ...OPTION, underlying_symbol: null }, 'underlying_symbol'],
    ['a name that is none', { ...SHARE, trading_symbol: 'X'.repeat(60) }, 'trading_symbol'],
    ['the segment of no exchange', { ...SHARE, segment: 'constructor', trading_symbol: '%' }, 'trading_symbol']
  ])('with %s is told as what it lacks', (_what, row, field) => {
    const told = listedInstrument(row, 'NSE')
    expect(told).toBeInstanceOf(MasterRowProblem)
    expect((told as MasterRowProblem).problem).toContain(field)
  })
})

describe('a master file', () => {
  const zipped = gzipSync(JSON.stringify(Array.from({ length: 3000 }, () => OPTION)))
  async function read(reply: Reply) {
    const { url, asked } = await vendorServer(() => reply)
    const rows: unknown[] = []
    for await (const piece of masterRows({ baseUrl: url, exchange: 'NSE', signal })) rows.push(...piece)
    expect(asked.map(({ path }) => path)).toEqual(['/NSE.json.gz'])
    return rows
  }

  test('comes as gzip, as gzip that the connection unzips, and as text', async () => {
    expect(await read({ body: zipped })).toHaveLength(3000)
    expect(await read({ body: zipped, headers: { 'content-encoding': 'gzip' } })).toHaveLength(3000)
    expect(await read({ body: JSON.stringify([SHARE]) })).toEqual([SHARE])
  })

  const spoiled = Buffer.from(zipped)
  spoiled.fill(0, spoiled.length - 8)
  test.each<[string, Reply, RegExp]>([
    ['a part of it', { body: zipped.subarray(0, zipped.length / 2) }, /cannot be unzipped: unexpected end of file/],
    ['one that fails its checksum', { body: spoiled }, /cannot be unzipped: incorrect data check/],
    ['a page for it', { body: '<html>maintenance</html>' }, /is not what it should be/],
    ['a refusal', { status: 403, body: 'AccessDenied' }, /was refused with status 403/],
    ['nothing', { body: '' }, /the text ends before the array does/]
  ])('is not taken from a vendor that sends %s, which says why', async (_what, reply, reason) => {
    const reading = read(reply)
    await expect(reading).rejects.toThrow(MasterFileError)
    await expect(reading).rejects.toThrow(reason)
  })
})
