import type { Handler } from '../handler.ts'

/** Makes the partitions of the months to come. */
export const ensurePartitions: Handler<'ensure-partitions'> = async (_payload, { stores, now }) => ({
  items: await stores.partitions.ensure(now()),
  failures: 0
})
