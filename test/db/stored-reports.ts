import type { Database } from '../../db/client.ts'
import { inCopyTransaction } from '../../db/copy.ts'
import { instrumentIds } from '../../db/instrument-ids.ts'
import { insertTicks, type TickReport } from '../../db/tick-writes.ts'

/** Stores what feeds reported of a symbol, which becomes known by it. */
export async function storeReports(
  { copyPool }: Pick<Database, 'copyPool'>,
  symbol: string,
  reports: (instrumentId: number) => TickReport[]
): Promise<void> {
  await inCopyTransaction(copyPool, async (tx) => {
    const id = (await instrumentIds(tx, [symbol])).get(symbol)!
    await insertTicks(tx, reports(id))
  })
}
