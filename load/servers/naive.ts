import { answerQuestions } from '../conversation.ts'
import { publishAtPace, type Pace } from '../pace.ts'
import { stampNow, symbolAt, tickOf, type Stream } from '../ticks.ts'
import { serveNaively } from './naive-sockets.ts'

/** The reference that tutorials show, which makes the ticks itself. */
const send = serveNaively()

answerQuestions({
  publish: ({ stream, ...pace }: Pace & { stream: Stream }) =>
    publishAtPace(pace, (indexes) => {
      for (const index of indexes) {
        const symbol = symbolAt(index)
        send(symbol, tickOf(stream, symbol, stampNow()))
      }
    })
})
