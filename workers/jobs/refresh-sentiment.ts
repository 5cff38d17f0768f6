import { JOBS } from '../../src/jobs/catalog.ts'
import { skipped, type Handler } from '../handler.ts'
import { isSpared, SPARED } from '../quiet.ts'

/** Measures the market's sentiment anew, from what the other jobs keep fresh; rarely while every exchange is closed. */
export const refreshSentiment: Handler<'refresh-sentiment'> = async (_payload, context, run) => {
  if (isSpared(context, run, JOBS['refresh-sentiment'].schedules[0].everyMs)) return skipped(SPARED)
  const { value } = await context.marketData.refresh.sentiment()
  await context.recorder.flush()
  return { items: value.components.length, failures: 0 }
}
