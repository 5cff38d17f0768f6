import { expect, test } from 'vitest'
import type { Want } from '../../src/demand/want.ts'
import { OwnWants } from '../../workers/ingest/own-wants.ts'

const priorities = ({ wanted }: OwnWants) =>
  Object.fromEntries([...wanted].map(([topic, { priority }]) => [topic, priority]))

test('a contract that rules let go stays as long as a client wants it, and one that a client lets go as long as rules do', () => {
  const wants = new OwnWants(['AAPL'])
  const client = (symbol: string): Want => ({ topic: `quotes:${symbol}`, priority: 'client', leases: 1 })
  wants.select(['A', 'B', 'C'], [])
  wants.clientsWant([
    ['quotes:A', client('A')],
    ['quotes:B', client('B')]
  ])
  wants.select(['D'], ['A', 'C'])
  const expected = { 'trades:AAPL': 'warm_up', 'quotes:A': 'client', 'quotes:B': 'client', 'quotes:D': 'warm_up' }
  expect(priorities(wants)).toEqual(expected)
  wants.clientsWant([
    ['quotes:A', undefined],
    ['quotes:B', undefined]
  ])
  expect(priorities(wants)).toEqual({ 'trades:AAPL': 'warm_up', 'quotes:B': 'warm_up', 'quotes:D': 'warm_up' })
})
