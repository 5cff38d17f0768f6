import { pino } from 'pino'
import { reportReady } from '../../src/embedded/child.ts'
import { answerQuestions } from '../conversation.ts'
import { openHeldLog, type HeldIn } from '../held-log.ts'
import type { WrittenAtOnce, WrittenAtPace } from '../kafka-log.ts'
import { publishAtPace } from '../pace.ts'
import { stampNow, SYMBOLS, symbolAt, tickOf } from '../ticks.ts'

/** Trades of a turn of the event loop. */
const TRADES_AT_ONCE = 1000

const logger = pino({ level: 'error' }, process.stderr)

async function appendAll(where: HeldIn, trades: number): Promise<WrittenAtOnce> {
  const { log, close } = await openHeldLog(where, logger)
  const begun = performance.now()
  const appended: Promise<void>[] = []
  for (let count = 0; count < trades; count += TRADES_AT_ONCE) {
    await log.room()
    const stamp = stampNow()
    const turn = Array.from({ length: TRADES_AT_ONCE }, (_, at) =>
      tickOf('trades', symbolAt((count + at) % SYMBOLS), stamp)
    )
    appended.push(log.append(turn))
    await new Promise(setImmediate)
  }
  await Promise.all(appended)
  const seconds = (performance.now() - begun) / 1000
  const { bytes } = log.stats
  await close()
  return { seconds, bytes }
}

async function appendAtPace(where: HeldIn, ticksPerSecond: number, seconds: number): Promise<WrittenAtPace> {
  const { log, close } = await openHeldLog(where, logger)
  const appended: Promise<void>[] = []
  const trades = await publishAtPace({ ticksPerSecond, seconds }, (symbols) => {
    appended.push(log.append(symbols.map((index) => tickOf('trades', symbolAt(index), stampNow()))))
  })
  await Promise.all(appended)
  await close()
  return { trades }
}

answerQuestions({
  appendAll: ({ where, trades }: { where: HeldIn; trades: number }) => appendAll(where, trades),
  appendAtPace: ({ where, perSecond, seconds }: { where: HeldIn; perSecond: number; seconds: number }) =>
    appendAtPace(where, perSecond, seconds)
})
reportReady('http://127.0.0.1')
