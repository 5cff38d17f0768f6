import { expect, test } from 'vitest'
import { signEntry } from '../../src/log/entry.ts'
import { heartbeatEntry } from '../../src/log/heartbeat.ts'
import { ProducerSequences } from '../../src/log/producer-sequences.ts'
import { tradeEvent } from '../support/events.ts'
import { entryOf } from './entries.ts'

const BEFORE = '0a0b0c0d0e0f'
const AFTER = '1a1b1c1d1e1f'
const START = Date.parse('2026-11-30T15:00:00Z')

/** What one follower makes of a shard. */
function shard() {
  const sequences = new ProducerSequences({ idHigh: START, idLow: 0 })
  let count = 0
  const read = (entry: Buffer, producer: number, number: number) => {
    signEntry(entry, producer, number)
    return sequences.read({ idHigh: START + 1, idLow: ++count }, entry).is
  }
  return {
    sequences,
    trade: (producer: number, number: number) => read(entryOf([tradeEvent('AAPL', 1, 1)]), producer, number),
    beat: (producer: number, number: number, { epoch = BEFORE, beganBefore = false, isLast = false } = {}) => {
      const before = { idHigh: beganBefore ? START - 1 : START + 1, idLow: 0 }
      return read(heartbeatEntry({ epoch, before, isLast }), producer, number)
    }
  }
}

test('nothing is missing once every producer has shown itself in the new log, and not because it wrote into the one before', () => {
  const { sequences, trade, beat } = shard()
  trade(1, 1)
  beat(1, 2)
  trade(2, 1)
  sequences.doubt(AFTER)
  trade(1, 3)
  beat(2, 2, { epoch: AFTER })
  expect(sequences.isWhole).toBeUndefined()
  beat(1, 4, { epoch: AFTER })
  expect(sequences.isWhole).toBe(true)
  sequences.settle(false)
  beat(1, 5, { isLast: true })
  sequences.doubt(BEFORE)
  beat(2, 3)
  expect(sequences.isWhole).toBe(true)
})

test('of a death gaps are told once', () => {
  const { sequences, trade } = shard()
  trade(1, 1)
  sequences.doubt(AFTER)
  expect(sequences.isWhole).toBeUndefined()
  sequences.settle(true)
  sequences.doubt(BEFORE)
  expect(sequences.isWhole).toBe(true)
})

test('a producer of which gaps were told is believed no more once the log is lost again: what it wrote between is told', () => {
  const { sequences, trade, beat } = shard()
  trade(1, 1)
  sequences.doubt(AFTER)
  sequences.settle(true)
  // It was not dead: its second entry was lost, unread, with the log that was new.
  sequences.doubt(BEFORE)
  expect(sequences.isWhole).toBe(true)
  sequences.settle(false)
  expect(beat(1, 3, { epoch: BEFORE })).toBe('missed')
})

test.each([
  ['the first entry of a new producer', 'next', () => shard().trade(1, 1)],
  ['the midst of one that was never seen', 'unknown', () => shard().trade(1, 7)],
  ['one that wrote nothing since following began', 'next', () => shard().beat(1, 7, { beganBefore: true })],
  ['one that wrote since following began', 'unknown', () => shard().beat(1, 7)],
  [
    'one that left out a number',
    'missed',
    () => {
      const { trade } = shard()
      trade(1, 1)
      return trade(1, 3)
    }
  ],
  [
    'one that wrote an entry again, whose answer was lost',
    'repeated',
    () => {
      const { trade } = shard()
      trade(1, 1)
      return trade(1, 1)
    }
  ],
  [
    'one of which it was told already that entries are missing',
    'next',
    () => {
      const { trade, sequences } = shard()
      trade(1, 1)
      sequences.settle(true)
      return trade(1, 3)
    }
  ]
] as const)('%s is %s', (_, sighting, show) => {
  expect(show()).toBe(sighting)
})
