import { expect, test } from 'vitest'
import { age, change, clock, compact, percent, price, span } from '../../src/cli/figures.ts'
import { LiveValues } from '../../src/cli/live-values.ts'
import { sparkline } from '../../src/cli/sparkline.ts'
import { tableLines, type Column } from '../../src/cli/table.ts'
import { cut, jsonLine, oneLine, severalLines, widthOf } from '../../src/cli/terminal-text.ts'
import { quoteOf } from '../support/events.ts'

const plain = { width: 80, paint: (_: unknown, text: string) => text }
/** Clears the screen, sets the title, begins a sequence by C1 alone, goes back over the line, turns the direction round. */
const HOSTILE = 'A\x1b[2J\x1b]0;mine\x07\x9b31m\rB\u202eC'

test('what vendors write commands no terminal, in text or in JSON', () => {
  expect(oneLine(HOSTILE)).toBe('A�[2J�]0;mine��31m�B�C')
  expect(severalLines(`a\n${HOSTILE}`)).toBe(`a\n${oneLine(HOSTILE)}`)
  const line = jsonLine({ name: HOSTILE })
  expect(line).toMatch(/^[\x20-\x7e]+$/)
  expect(JSON.parse(line)).toEqual({ name: HOSTILE })
  expect(tableLines([{ title: 'Name' }], [[HOSTILE]], plain)).toEqual(['Name', oneLine(HOSTILE)])
})

test('columns stand under one another, also with wide letters', () => {
  const lines = tableLines(
    [{ title: 'Name' }, { title: 'Price', align: 'right' }],
    [
      ['三菱', '1.00'],
      ['abc', '10.00']
    ],
    plain
  )
  expect(lines).toEqual(['Name  Price', '三菱   1.00', 'abc   10.00'])
  expect([widthOf('三菱'), widthOf('e\u0301'), cut('三菱商事', 5), cut('abcdef', 4)]).toEqual([4, 1, '三菱…', 'abc…'])
})

test('on a narrow terminal the less important columns go, then text is cut, and no line is too long', () => {
  const columns: Column[] = [
    { title: 'Symbol' },
    { title: 'Name', flexible: true, expendable: 1 },
    { title: 'Volume', expendable: 2 },
    { title: 'State' }
  ]
  const rows = [['AAPL', 'A company with a rather long name', '12.3M', 'live']]
  const at = (width: number) => tableLines(columns, rows, { ...plain, width })
  expect(at(80)[1]).toBe('AAPL    A company with a rather long name  12.3M   live')
  expect(at(36)[1]).toBe('AAPL    A company wi…  12.3M   live')
  expect(at(26)[1]).toBe('AAPL    A company …  live')
  expect(at(18)[1]).toBe('AAPL    live')
  for (const width of [4, 11, 18, 36]) expect(Math.max(...at(width).map(widthOf))).toBeLessThanOrEqual(width)
})

test('figures keep their digits and say when they are missing', () => {
  expect([price(231.4), price(1.16691), price(1234567), price(undefined)]).toEqual([
    '231.40',
    '1.16691',
    '1,234,567.00',
    ''
  ])
  expect([price(0.000008123), price(8.5e-7), price(1e-8), price(-3e-7)]).toEqual([
    '0.00000812',
    '0.00000085',
    '0.00000001',
    '-0.0000003'
  ])
  expect([change(2.4999999999999716), change(-2e-7)]).toEqual([
    { text: '+2.50', style: 'good' },
    { text: '-0.0000002', style: 'bad' }
  ])
  expect([compact(999), compact(0.3), compact(12_345_678), compact(undefined)]).toEqual(['999', '0.3', '12.3M', ''])
  expect([percent(1.27), percent(-0.5), percent(undefined)]).toEqual([
    { text: '+1.27 %', style: 'good' },
    { text: '-0.50 %', style: 'bad' },
    ''
  ])
  expect([span(59_999), span(-5), span(90_000), span(7_200_000), span(400_000_000)]).toEqual([
    '59 s',
    '0 s',
    '1 min',
    '2 h',
    '4 d'
  ])
  const now = Date.parse('2026-11-30T20:00:05Z')
  expect([age('2026-11-30T20:00:00Z', now), age(undefined, now), age('soon', now)]).toEqual(['5 s', '', ''])
  expect(clock('2026-11-30T14:30:00.123456789Z', now)).toBe('14:30:00.123')
  expect(clock('2026-11-29T14:30:00Z', now)).toBe('2026-11-29 14:30:00')
})

test('a sparkline shows the lowest, the highest and the last, however many values there are', () => {
  expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([5, 5, 5], 8)).toBe('▅▅▅')
  expect(sparkline([1], 8)).toBe('')
  const many = Array.from({ length: 1000 }, (_, at) => at)
  expect(sparkline([...many, 0], 10)).toHaveLength(10)
  expect(sparkline([...many, 0], 10).endsWith('▁')).toBe(true)
})

test('a live table holds the newest value of each symbol, its trend, and why one has none', () => {
  const values = new LiveValues('quotes')
  values.follow('MSFT')
  values.miss('NOSUCHX', 'No provider knows NOSUCHX')
  const asOf = '2026-11-30T20:00:00Z'
  for (const each of [100, 101, 102]) values.take(quoteOf('AAPL', each, { asOf }), 0)
  const rows = values.rows({ now: Date.parse(asOf) + 3000, at: 0, most: 3 })
  expect(rows[0]).toEqual(['MSFT', { text: 'no value yet', style: 'faint' }])
  expect(rows[1]).toEqual(['NOSUCHX', { text: 'No provider knows NOSUCHX', style: 'bad' }])
  expect(rows[2]!.slice(0, 2)).toEqual(['AAPL', { text: '102.00', style: 'good' }])
  expect(values.rows({ now: 0, at: 0, most: 2 })).toHaveLength(2)
  expect(rows[2]!.slice(-4)).toEqual(['▁▅█', '3 s', 'sandbox/sandbox', { text: 'live', style: 'good' }])
})
