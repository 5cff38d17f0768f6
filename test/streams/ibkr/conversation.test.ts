import { expect, test } from 'vitest'
import type { Frame } from '../../../src/streams/mapper.ts'
import { TwsConversation, type KnownContracts } from '../../../src/streams/ibkr/conversation.ts'
import { twsMapper } from '../../../src/streams/ibkr/mapper.ts'
import { messagesFrame, readRequest, type TwsMessage } from '../../../src/streams/ibkr/wire.ts'

const requests = (frames: readonly Frame[]) => frames.map(readRequest)
const problem = (id: number, code: number, text = 'said so'): TwsMessage => ({ tell: 'problem', id, code, text })
const contracts = (id: number, symbol: string, conId: number): TwsMessage => ({
  tell: 'contracts',
  id,
  symbol,
  contracts: [{ conId, secType: 'STK', currency: 'USD' }]
})

function talk(known: KnownContracts = new Map()) {
  const conversation = new TwsConversation(known)
  const told = (message: TwsMessage) => {
    const { send, signals } = conversation.told(message)
    return { send: requests(send), signals }
  }
  return {
    conversation,
    told,
    subscribe: (...topics: string[]) => requests(conversation.subscribe(topics)),
    unsubscribe: (...topics: string[]) => requests(conversation.unsubscribe(topics))
  }
}

test('all that is wanted of a share takes one line, and the line goes with the last of it', () => {
  const { told, subscribe, unsubscribe } = talk()
  expect(subscribe('trades:BRK.B', 'bbo:BRK.B')).toEqual([
    {
      ask: 'contract',
      id: 1,
      symbol: 'BRK.B',
      query: { symbol: 'BRK B', secType: 'STK', exchange: 'SMART', currency: 'USD' }
    }
  ])
  const line = { ask: 'line', id: 2, symbol: 'BRK.B', conId: 72, isDelayed: false }
  expect(told(contracts(1, 'BRK.B', 72)).send).toEqual([line])
  const carrying = (...topics: string[]) => [{ is: 'carrying', topics: new Set(topics), late: new Set() }]
  expect(told({ tell: 'line', id: 2, isDelayed: false }).signals).toEqual(carrying('trades:BRK.B', 'bbo:BRK.B'))
  expect(subscribe('halts:BRK.B')).toEqual([line])
  expect(unsubscribe('trades:BRK.B', 'bbo:BRK.B')).toEqual([line])
  expect(told({ tell: 'line', id: 2, isDelayed: false }).signals).toEqual(carrying('halts:BRK.B'))
  expect(unsubscribe('halts:BRK.B')).toEqual([{ ask: 'cancel', id: 2 }])
  expect(told({ tell: 'cancelled', id: 2 }).signals).toEqual(carrying())
})

test('what nobody wants market data of is asked about one after the other, and costs no line and no refusal', () => {
  const conversation = new TwsConversation(new Map(), () => ['KO', 'NSE:RELIANCE', 'NOPE', 'BRK.B'])
  const told = (message: TwsMessage) => {
    const { send, signals } = conversation.told(message)
    return { send: requests(send), signals }
  }
  const { send, signals } = told({ tell: 'ready' })
  expect(signals).toEqual([{ is: 'authenticated' }])
  expect(send).toMatchObject([{ ask: 'contract', id: 1, symbol: 'KO' }])
  expect(requests(conversation.subscribe(['trades:AAPL']))).toMatchObject([{ ask: 'contract', id: 2, symbol: 'AAPL' }])
  expect(told(contracts(1, 'KO', 5)).send).toMatchObject([{ ask: 'contract', id: 3, symbol: 'NOPE' }])
  // More is known of the first one: nobody is asked once more.
  expect(told(contracts(1, 'KO', 5))).toEqual({ send: [], signals: [] })
  expect(told(problem(3, 200))).toMatchObject({ send: [{ ask: 'contract', id: 4, symbol: 'BRK.B' }], signals: [] })
  expect(told(contracts(2, 'AAPL', 6)).send).toMatchObject([{ ask: 'line', conId: 6 }])
  expect(told(contracts(4, 'BRK.B', 7))).toEqual({ send: [], signals: [] })
})

test('a contract that has another number than it had is looked up again, once, and one that expired is refused', () => {
  const known = new Map([['META', 11]])
  const { told, subscribe } = talk(known)
  expect(subscribe('trades:META')).toMatchObject([{ ask: 'line', id: 1, conId: 11 }])
  expect(told(problem(1, 200)).send).toMatchObject([
    { ask: 'forget', ids: [1] },
    { ask: 'contract', id: 2, symbol: 'META' }
  ])
  expect(told(contracts(2, 'META', 12)).send).toMatchObject([{ ask: 'line', id: 3, conId: 12 }])
  expect(told(problem(3, 200)).signals).toMatchObject([
    { is: 'refused', topics: ['trades:META'], reason: 'unknown_symbol' }
  ])
  expect(subscribe('trades:AAPL240119C00150000')).toMatchObject([
    { query: { symbol: 'AAPL', secType: 'OPT', lastTradeDateOrContractMonth: '20240119', strike: 150, right: 'C' } }
  ])
  expect(told(problem(4, 200)).signals).toMatchObject([{ is: 'refused', reason: 'unknown_symbol' }])
})

test.each([354, 10_089, 10_168])(
  'where an account has no live data (%s) late data is asked for, and refused but once',
  (code) => {
    const { told, subscribe } = talk(new Map([['AAPL', 1]]))
    subscribe('trades:AAPL')
    expect(told(problem(1, code)).send).toMatchObject([
      { ask: 'forget', ids: [1] },
      { ask: 'delayed_too' },
      { ask: 'line', id: 2, isDelayed: true }
    ])
    expect(told({ tell: 'line', id: 2, isDelayed: true }).signals).toEqual([
      { is: 'carrying', topics: new Set(['trades:AAPL']), late: new Set(['trades:AAPL']) }
    ])
    const { signals } = told(problem(2, code))
    expect(signals).toMatchObject([
      { is: 'refused', topics: ['trades:AAPL'], reason: 'not_in_the_plan', problem: { kind: 'entitlement', code } },
      { is: 'carrying', topics: new Set() }
    ])
  }
)

test('while another session of the user has the live data, and not even late data is told, it is waited for', () => {
  const { told, subscribe } = talk(new Map([['AAPL', 1]]))
  subscribe('trades:AAPL')
  expect(told(problem(1, 10_197)).send).toContainEqual(expect.objectContaining({ ask: 'line', isDelayed: true }))
  expect(told(problem(2, 10_197)).signals).toMatchObject([{ is: 'failed', problem: { kind: 'capacity' } }])
})

test('what TWS neither takes nor refuses is taken, and a contract that it does not describe is refused', () => {
  const { conversation, subscribe } = talk(new Map([['AAPL', 1]]))
  subscribe('trades:AAPL', 'trades:MSFT')
  expect(conversation.overdue().signals).toMatchObject([
    { is: 'refused', topics: ['trades:MSFT'], reason: 'no_answer' },
    { is: 'carrying', topics: new Set(['trades:AAPL']) }
  ])
})

test('after its servers came back, lines that are gone are asked for again, and those that were kept are not', () => {
  const { told, subscribe } = talk(new Map([['AAPL', 1]]))
  subscribe('trades:AAPL')
  told({ tell: 'line', id: 1, isDelayed: false })
  expect(told(problem(-1, 1100)).signals).toMatchObject([{ is: 'interrupted', text: expect.stringContaining('IBKR') }])
  expect(told(problem(-1, 1102))).toEqual({ send: [], signals: [{ is: 'resumed' }] })
  told(problem(-1, 2103, 'Market data farm connection is broken:usfarm'))
  expect(told(problem(-1, 2103, 'Market data farm connection is broken:cashfarm')).signals).toMatchObject([
    { is: 'interrupted', text: 'TWS has lost the market data farm usfarm, cashfarm' }
  ])
  expect(told(problem(-1, 2104, 'Market data farm connection is OK:usfarm')).signals.at(-1)).toMatchObject({
    is: 'interrupted',
    text: 'TWS has lost the market data farm cashfarm'
  })
  expect(told(problem(-1, 2104, 'Market data farm connection is OK:cashfarm')).signals.at(-1)).toEqual({
    is: 'resumed'
  })
  subscribe('trades:AAPL')
  told(problem(-1, 1100))
  expect(told(problem(-1, 1101))).toMatchObject({
    send: [{ ask: 'forget' }],
    signals: [{ is: 'carrying', topics: new Set() }, { is: 'resumed' }]
  })
})

test('a share that is asked for while TWS is cut off is not refused for that', () => {
  const { told, subscribe } = talk()
  told(problem(-1, 2110))
  subscribe('trades:AAPL')
  expect(told(problem(1, 200)).signals).toEqual([])
  expect(told(problem(-1, 1102))).toEqual({
    send: [expect.objectContaining({ ask: 'contract', id: 2, symbol: 'AAPL' })],
    signals: [{ is: 'resumed' }]
  })
  expect(told(problem(2, 200)).signals).toMatchObject([{ is: 'refused', reason: 'unknown_symbol' }])
})

test('ten thousand errors are one line of the log and ten thousand of the count, and refuse nothing', () => {
  const { told } = talk()
  const storm = Array.from({ length: 10_000 }, (_, at) => problem(at % 2 === 0 ? -1 : 5000 + at, 321))
  const { control, refusals } = twsMapper({
    feed: 'composite',
    placeOf: () => ({ tradeDate: '2026-11-30', session: 'regular' })
  })(messagesFrame(storm), { receivedAt: 0, fence: 1, nextSequence: () => 0 })
  expect(refusals).toHaveLength(10_000)
  const signals = control.flatMap((message) => told(message as TwsMessage).signals)
  expect(signals).toEqual([{ is: 'notice', text: 'TWS says (321) said so' }])
})
