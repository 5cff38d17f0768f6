import { expect, test } from 'vitest'
import { provenanceText } from '../../src/console/provenance.ts'

test('who points at a source reads which of the figures another vendor told', () => {
  const asOf = '2026-11-30T15:00:00.000Z'
  const text = provenanceText({
    source: 'alpaca',
    feed: 'iex',
    delivery: 'stream',
    receivedAt: '2026-11-30T15:30:00.120Z',
    state: 'live',
    attempts: [],
    parts: [
      { source: 'yahoo', feed: 'delayed', asOf, groups: ['reference', 'day'] },
      { source: 'massive', feed: 'consolidated', asOf, groups: ['book'] }
    ]
  })
  expect(text).toMatch(/^Source: alpaca, iex, streamed$/m)
  expect(text).toMatch(/^Previous close and change, the day's range and volume: yahoo, delayed, as of .*\d/m)
  expect(text).toMatch(/^Bid and ask: massive, consolidated, as of .*\d/m)
})
