import { ApiError } from '../../src/errors.ts'
import { skipped, type Handler } from '../handler.ts'
import { isSpared, SPARED } from '../quiet.ts'
import { refusedForMs } from '../refusals.ts'

/**
 * Measures the market's sentiment anew, from what the other jobs keep fresh; rarely while every exchange is closed. Where too
 * little is known for a score, the next run will do: trying again at once would find no more.
 */
export const refreshSentiment: Handler<'refresh-sentiment'> = async (_payload, context, run) => {
  if (isSpared(context, run)) return skipped(SPARED)
  try {
    const { value } = await context.marketData.refresh.sentiment()
    await context.recorder.flush()
    return { items: value.components.length, failures: value.missing.length }
  } catch (error) {
    if (!(error instanceof ApiError) || refusedForMs(error) !== undefined) throw error
    return { items: 0, failures: 1, note: error.message }
  }
}
