import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readingJson } from '../../src/cache/json-reader.ts'

function read(text: string | Buffer): { value: unknown; pieces: number } {
  const reading = readingJson(Buffer.from(text))
  for (let pieces = 0; ; pieces++) {
    const { done, value } = reading.next()
    if (done) return { value, pieces }
  }
}

describe('JSON that is read in slices', () => {
  test('means what it means to JSON.parse, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = JSON.stringify(value)
        expect(read(text).value).toEqual(JSON.parse(text))
      })
    )
  })

  test('is read in pieces that each keep others waiting for a moment only', () => {
    const bars = Array.from({ length: 40_000 }, (_, at) => ({ start: `"[{\\${at}é`, open: at / 7, volume: at }))
    const series = { symbol: 'AAPL', bars, provenance: { source: 'yahoo', notes: ['}],'] } }
    const { value, pieces } = read(JSON.stringify(series))
    expect(value).toEqual(series)
    expect(pieces).toBeGreaterThan(100)
  })

  test('is refused where it is cut off, anywhere, or goes on behind its end', () => {
    const text = JSON.stringify({
      symbol: 'AAPL',
      bars: [{ start: 'x', open: 1.5 }, { open: -2e-7 }],
      of: [[], {}, 'a']
    })
    for (let end = 0; end < text.length; end++) expect(() => read(text.slice(0, end))).toThrow(SyntaxError)
    for (const more of ['}', ',', ']', '1', '"']) expect(() => read(text + more)).toThrow(SyntaxError)
  })
})
