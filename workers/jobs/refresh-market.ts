import type { Answer } from '../../src/market/market-data.ts'
import { MoverKind, type Movers, type Sectors } from '../../src/market/market-wide.ts'
import { budgetOf, NOT_AFFORDABLE } from '../budget.ts'
import { skipped, type Handler } from '../handler.ts'
import { isSpared, SPARED } from '../quiet.ts'
import { isStale } from '../refusals.ts'

/** Renews sectors, movers and the overview made of them; what one of them lacks costs only itself. Rarely while every exchange is closed. */
export const refreshMarket: Handler<'refresh-market'> = async (_payload, context, run) => {
  if (isSpared(context, run)) return skipped(SPARED)
  const { refresh } = context.marketData
  const { allows } = await budgetOf(context)
  const work = [
    ...(allows('sectors') ? [refresh.sectors()] : []),
    ...(allows('movers') ? MoverKind.enum.map((type) => refresh.movers(type)) : [])
  ]
  if (work.length === 0) return skipped(NOT_AFFORDABLE)

  const settled = await Promise.allSettled<Answer<Sectors | Movers>>(work)
  await context.marketData.overview('background')
  await context.recorder.flush()
  const items = settled.filter((each) => each.status === 'fulfilled' && !isStale(each.value)).length
  const failed = settled.find((each) => each.status === 'rejected')
  if (items === 0 && failed) throw failed.reason
  return { items, failures: settled.length - items }
}
