import { describe, expect, test } from 'vitest'
import type { MasterScope } from '../../db/instrument-master.ts'
import type { ListedInstrument } from '../../src/market/instrument.ts'
import { storesUnderTest } from './stores-under-test.ts'

const under = storesUnderTest()

/** Each test has an exchange of its own. */
let exchanges = 0
function exchange() {
  const mic = `X${String(exchanges++).padStart(3, '0')}`
  const share = (name: string, more: Partial<ListedInstrument> = {}): ListedInstrument => ({
    alias: `${mic}|${name}`,
    symbol: `${mic}:${name}`,
    mic,
    exchange: mic,
    kind: 'equity',
    tradable: true,
    ...more
  })
  const read = (day: string, rows: readonly ListedInstrument[], more: Partial<MasterScope> = {}) =>
    under.stores.masters.import(
      { vendor: 'upstox', mic, day, readAt: Date.parse(`${day}T01:00:00Z`), ...more },
      batchesOf(rows)
    )
  const find = async (name: string) => (await under.stores.instruments.find([`${mic}:${name}`])).get(`${mic}:${name}`)
  const holder = async (alias: string, day: string) =>
    (await under.stores.instruments.findByAlias('upstox', [`${mic}|${alias}`], day)).get(`${mic}|${alias}`)?.symbol
  return { mic, share, read, find, holder }
}

async function* batchesOf(rows: readonly ListedInstrument[], error?: Error) {
  yield rows.slice(0, 2)
  if (error) throw error
  yield rows.slice(2)
}

describe('a master file', () => {
  test('brings what is new, keeps what an instrument was before, and says how many there are of each', async () => {
    const { mic, share, read, find } = exchange()
    const first = [share('A', { lot: 75, tickSizes: [{ from: 0, size: 0.05 }], isin: 'INE002A01018' }), share('B')]
    expect(await read('2026-11-30', first)).toMatchObject({ listed: 2, added: 2, changed: 0, delisted: 0 })
    expect(await read('2026-11-30', first)).toMatchObject({ listed: 2, added: 0, changed: 0, delisted: 0 })
    const next = [share('A', { lot: 65, tickSizes: [{ from: 0, size: 0.1 }] }), share('B'), share('C')]
    expect(await read('2026-12-01', next)).toMatchObject({ listed: 3, added: 1, changed: 1, delisted: 0 })
    const a = (await find('A'))!
    expect(a).toMatchObject({ lot: 65, tickSizes: [{ from: 0, size: 0.1 }], isin: 'INE002A01018', mic })
    expect(await under.stores.directory.changes(a.id, 10)).toEqual([
      {
        at: '2026-12-01T01:00:00.000Z',
        source: 'upstox',
        former: { lot: 75, tickSizes: [{ from: 0, size: 0.05 }] }
      }
    ])
  })

  test('leaves names and kinds that quotes told with more care', async () => {
    const { mic, share, read, find } = exchange()
    await under.stores.instruments.upsert([{ symbol: `${mic}:A`, name: 'Reliance Industries Limited', kind: 'etf' }])
    expect(await read('2026-11-30', [share('A', { name: 'RELIANCE INDUSTRIES LTD' })])).toMatchObject({ added: 0 })
    expect(await find('A')).toMatchObject({ name: 'Reliance Industries Limited', kind: 'etf', tradable: true })
  })

  test('takes what it no longer lists off the exchange, and puts it back when it does again', async () => {
    const { share, read, find, holder } = exchange()
    await read('2026-11-27', [share('A'), share('B')])
    expect(await read('2026-11-30', [share('A')])).toMatchObject({ delisted: 1 })
    expect(await find('B')).toMatchObject({ delistedOn: '2026-11-30', tradable: false })
    expect([await holder('B', '2026-11-29'), await holder('B', '2026-11-30')]).toEqual([
      expect.stringContaining(':B'),
      undefined
    ])
    expect(await read('2026-12-01', [share('A'), share('B')])).toMatchObject({ delisted: 0, changed: 1 })
    const back = (await find('B'))!
    expect(back).toMatchObject({ tradable: true })
    expect(back).not.toHaveProperty('delistedOn')
    expect(await under.stores.directory.changes(back.id, 10)).toMatchObject([
      { former: { delistedOn: '2026-11-30', tradable: false } }
    ])
  })

  test('of which half came leaves everything as it was', async () => {
    const { mic, share, read, find } = exchange()
    await read('2026-11-27', [share('A', { lot: 1 }), share('B'), share('C')])
    const half = under.stores.masters.import(
      { vendor: 'upstox', mic, day: '2026-11-30', readAt: Date.now() },
      batchesOf([share('A', { lot: 2 }), share('NEW')], new Error('the connection ended'))
    )
    await expect(half).rejects.toThrow('the connection ended')
    expect(await find('A')).toMatchObject({ lot: 1 })
    expect(await find('NEW')).toBeUndefined()
    expect(await find('C')).toMatchObject({ tradable: true })
  })

  test('that lists far less than before is not believed, unless an operator says so', async () => {
    const { share, read, find } = exchange()
    const many = Array.from({ length: 300 }, (_, number) => share(`N${number}`))
    await read('2026-11-27', many)
    await expect(read('2026-11-30', many.slice(0, 100))).rejects.toThrow(/no longer lists 200 of 300 instruments/)
    expect(await find('N299')).toMatchObject({ tradable: true })
    expect(await read('2026-11-30', many.slice(0, 100), { acceptsLoss: true })).toMatchObject({ delisted: 200 })
  })

  test('whose contracts have ended is believed: that is no loss', async () => {
    const { share, read, find } = exchange()
    const ended = { kind: 'option', expiry: '2026-11-27' } as const
    await read('2026-11-27', [share('A'), ...Array.from({ length: 300 }, (_, number) => share(`O${number}`, ended))])
    expect(await read('2026-11-30', [share('A')])).toMatchObject({ delisted: 300 })
    expect(await find('O0')).toMatchObject({ delistedOn: '2026-11-28' })
  })

  test('renames what has the same key, which keeps its id and is found by its former symbol as of its time', async () => {
    const { mic, share, read, find } = exchange()
    await read('2026-11-27', [share('OLD')])
    const { id } = (await find('OLD'))!
    const renamed = share('NEW', { alias: `${mic}|OLD` })
    expect(await read('2026-11-30', [renamed, share('OLD', { alias: `${mic}|other` })])).toMatchObject({
      renamed: 1,
      added: 1
    })
    expect(await find('NEW')).toMatchObject({ id })
    expect((await find('OLD'))!.id).not.toBe(id)
    const asOf = async (name: string, day: string) =>
      (await under.stores.instruments.findAsOf([`${mic}:${name}`], day)).get(`${mic}:${name}`)?.id
    expect(await asOf('OLD', '2026-11-29')).toBe(id)
    expect(await asOf('NEW', '2026-11-30')).toBe(id)
    expect(await under.stores.directory.changes(id, 10)).toMatchObject([{ former: { symbol: `${mic}:OLD` } }])
  })

  test('gives the number of a contract that is gone to another one, and each has it in its time', async () => {
    const { mic, share, read, find, holder } = exchange()
    const contract = (name: string, expiry: string) => share(name, { alias: `${mic}|45450`, kind: 'option', expiry })
    await read('2026-11-02', [contract('NOV', '2026-11-24'), share('A')])
    await read('2026-11-30', [contract('DEC', '2026-12-29'), share('A')])
    expect((await find('NOV'))!.id).not.toBe((await find('DEC'))!.id)
    expect(await holder('45450', '2026-11-24')).toBe(`${mic}:NOV`)
    expect(await holder('45450', '2026-11-25')).toBeUndefined()
    expect(await holder('45450', '2026-12-29')).toBe(`${mic}:DEC`)
    // Given away before its time.
    await read('2026-12-01', [contract('JAN', '2027-01-26'), share('A')])
    expect([await holder('45450', '2026-11-30'), await holder('45450', '2026-12-01')]).toEqual([
      `${mic}:DEC`,
      `${mic}:JAN`
    ])
  })

  test('with two rows of one symbol or one key takes the first, and counts the other', async () => {
    const { mic, share, read, holder } = exchange()
    const rows = [share('A'), share('A', { alias: `${mic}|second` }), share('B', { alias: `${mic}|A` })]
    expect(await read('2026-11-30', rows)).toMatchObject({ listed: 1, repeated: 2 })
    expect(await holder('A', '2026-11-30')).toBe(`${mic}:A`)
  })
})
