import { keptSince } from '../../db/retention.ts'
import type { Handler } from '../handler.ts'

/** Makes the partitions of the months and days to come. */
export const ensurePartitions: Handler<'ensure-partitions'> = async (_payload, { stores, config, now }) => ({
  items: await stores.partitions.ensure(now(), keptSince(config, now()).partitioned),
  failures: 0
})
