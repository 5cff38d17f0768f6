import { reportReady } from '../src/embedded/child.ts'
import { answerQuestions } from './conversation.ts'
import { quantileOf } from './processes.ts'
import { balanceOf, type Balance } from './balance.ts'
import { LiveSocket, Stamps, Tally, type Dialect } from './live-socket.ts'
import { stampNow, symbolAt, SYMBOLS, type Stream } from './ticks.ts'

/** The clients of one server, in a process of their own, and what they were delivered. */
export type ClientsWanted = {
  url: string
  dialect: Dialect
  stream: Stream
  clients: number
  symbolsEach: number
  /** All have the same symbols, the first ones; otherwise each draws its own. */
  isShared: boolean
  /** Every event is recognised by its stamp, so that what was lost and what came twice can be told. */
  areStampsKept?: boolean
}

/** Latencies in milliseconds, from publishing to the client's read. */
export type Delivery = { delivered: number; seconds: number; p50Ms: number; p99Ms: number; p999Ms: number }

const CONNECT_TOGETHER = 50
const QUIET_POLL_MS = 50
/** Nothing more came for so long: the server has sent what it had. */
const QUIET_POLLS = 4

const sockets: LiveSocket[] = []
const receipts: { readonly symbols: readonly string[]; readonly stamps: Stamps }[] = []
const tally = new Tally()
let begunAt = 0

async function open({ clients, symbolsEach, isShared, areStampsKept, ...how }: ClientsWanted): Promise<void> {
  for (let opened = 0; opened < clients; opened += CONNECT_TOGETHER) {
    const group = Array.from({ length: Math.min(CONNECT_TOGETHER, clients - opened) }, (_, at) => {
      const symbols = isShared ? firstSymbols(symbolsEach) : drawnSymbols(symbolsEach, opened + at + 1)
      if (!areStampsKept) return new LiveSocket({ ...how, symbols, tally }, stampNow)
      const stamps = new Stamps()
      receipts.push({ symbols, stamps })
      return new LiveSocket({ ...how, symbols, tally, stamps }, stampNow)
    })
    sockets.push(...group)
    await Promise.all(group.map(({ subscribed }) => subscribed))
  }
}

/** Resolves when nothing comes any more. */
async function end(): Promise<Delivery> {
  let lastDelivered = -1
  let changedAt = performance.now()
  for (let quiet = 0; quiet < QUIET_POLLS; quiet++) {
    if (tally.delivered !== lastDelivered) {
      quiet = 0
      lastDelivered = tally.delivered
      changedAt = performance.now()
    }
    await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS))
  }
  const sorted = Float64Array.from(tally.latenciesUs).sort()
  const at = (quantile: number) => quantileOf(sorted, quantile) / 1000
  return {
    delivered: tally.delivered,
    seconds: (changedAt - begunAt) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999)
  }
}

const firstSymbols = (count: number) => Array.from({ length: count }, (_, index) => symbolAt(index))

/** The same for the same client of every server, so that all have the same to do. */
function drawnSymbols(count: number, seed: number): string[] {
  const drawn = new Set<number>()
  let state = seed * 2_654_435_761
  while (drawn.size < count) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    drawn.add(Math.floor((state / 2 ** 32) * SYMBOLS))
  }
  return [...drawn].map(symbolAt)
}

answerQuestions({
  open,
  begin() {
    tally.begin()
    for (const { stamps } of receipts) stamps.clear()
    begunAt = performance.now()
  },
  end,
  /** What was delivered since the beginning beside what was sent. */
  balance: ({ tapeFile }: { tapeFile: string }): Promise<Balance> => balanceOf(tapeFile, receipts),
  /** From now on nothing is read. */
  stall() {
    for (const { socket } of sockets) socket.pause()
  }
})
reportReady('clients')
