import { expect, test } from 'vitest'
import { differenceCause, type AuditedBar, type AuditedTrade } from '../../src/bars/bar-audit.ts'
import type { BarDifferenceCause } from '../../src/market/bar-audit.ts'

const START = Date.UTC(2026, 10, 30, 15, 0)
const END = START + 60_000

const trade = (second: number, price: number, size: number, more: Partial<AuditedTrade> = {}): AuditedTrade => ({
  asOf: { ms: START + second * 1000, ns: 0 },
  sequence: second,
  price,
  size,
  tradeDate: '2026-11-30',
  session: 'regular',
  tape: 'C',
  conditions: ['@'],
  receivedAt: START + second * 1000 + 50,
  ...more
})
const bar = (open: number, high: number, low: number, close: number, volume: number) => ({
  open,
  high,
  low,
  close,
  volume
})

const ROUND = [trade(1, 100, 100), trade(30, 101, 200)]
const OWN = bar(100, 101, 100, 101, 300)

const cases: [BarDifferenceCause | undefined, string, Partial<AuditedBar>][] = [
  [undefined, 'the same', { official: OWN }],
  [
    'odd_lot',
    'an odd lot made their high',
    {
      trades: [...ROUND, trade(40, 105, 10, { conditions: ['@', 'I'] })],
      own: bar(100, 101, 100, 101, 310),
      official: bar(100, 105, 100, 105, 310)
    }
  ],
  [
    'odd_lot',
    'they leave odd lots out',
    {
      trades: [...ROUND, trade(40, 105, 10, { conditions: ['@', 'I'] })],
      own: bar(100, 101, 100, 101, 310),
      official: OWN
    }
  ],
  [
    'fractional',
    'they count whole shares',
    {
      trades: [...ROUND, trade(40, 101, 0.7, { conditions: ['@', 'I'] })],
      own: bar(100, 101, 100, 101, 300.7),
      official: OWN
    }
  ],
  [
    'late',
    'they were told before a late report',
    {
      trades: [...ROUND, trade(50, 99, 100, { receivedAt: END + 120_000 })],
      own: bar(100, 101, 99, 99, 400),
      official: OWN
    }
  ],
  [
    'auction',
    'they leave the closing print out',
    {
      trades: [...ROUND, trade(59, 102, 5000, { conditions: ['@', '6'] })],
      own: bar(100, 102, 100, 102, 5300),
      official: OWN
    }
  ],
  [
    'condition',
    'they count an average-price trade',
    {
      trades: [...ROUND, trade(59, 90, 100, { conditions: ['W'] })],
      own: bar(100, 101, 100, 101, 400),
      official: bar(100, 101, 90, 90, 400)
    }
  ],
  ['gap', 'trades are missing here', { isInGap: true, official: bar(100, 101, 100, 101, 900) }],
  ['one_venue', 'ours is of one venue', { isOneVenue: true, official: bar(100, 101, 100, 101, 900) }],
  ['wrong', 'nothing explains it', { official: bar(100, 101, 100, 101, 900) }],
  ['wrong', 'ours is not made of its trades', { own: bar(100, 102, 100, 102, 300), official: OWN }],
  ['wrong', 'they have a bar and we have none', { own: undefined, trades: [], official: OWN }],
  [
    'late',
    'they have none, for all came late',
    {
      trades: [trade(1, 100, 100, { receivedAt: END + 120_000 })],
      own: bar(100, 100, 100, 100, 100),
      official: undefined
    }
  ]
]

test.each(cases)('%s: %s', (cause, _why, over) => {
  const audited = { own: OWN, official: OWN, trades: ROUND, end: END, isOneVenue: false, isInGap: false, ...over }
  expect(differenceCause(audited)).toBe(cause)
})
