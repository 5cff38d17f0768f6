import { fetchV13, type RecordsBatch } from '@platformatic/kafka'
import type { Row } from '../source.ts'
import { Refusal, type Broker, type Cluster, type Topic } from './cluster.ts'

/** The key of an entry's record. Whatever has another one, or none, was written by somebody else. */
export const ENTRY_KEY = Buffer.from('e')
/** Of one partition in one answer; where the next batch of records is larger, it comes alone. */
const MAX_PARTITION_BYTES = 1024 * 1024
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
/** Attribute of a batch: its records have the broker's time, the batch's, and not their producer's. */
const HAS_BROKERS_TIME = 8
const READ_UNCOMMITTED = 0
/** Of the protocol: no session of fetches, and no opinion about who leads. */
const NO_SESSION_EPOCH = -1
const ANY_LEADER_EPOCH = -1
const NO_ERROR = 0
const OFFSET_OUT_OF_RANGE = 1

type FetchResponse = Awaited<ReturnType<typeof fetchV13.api.async>>

/** Where to read a partition from. */
export type FetchFrom = { readonly shard: number; readonly offset: number }

/** What a partition answered: rows from the offset on, or that there is no such offset. */
export type Fetched = { readonly shard: number; readonly rows: readonly Row[] | undefined; readonly end: number }

/** Rows of partitions that one broker leads; waits for some to come where there are none. */
export async function fetchRows(
  cluster: Cluster,
  topic: Topic,
  { leader, from, waitMs }: { leader: Broker; from: readonly FetchFrom[]; waitMs: number }
): Promise<Fetched[]> {
  const partitions = from.map(({ shard, offset }) => ({
    partition: shard,
    currentLeaderEpoch: ANY_LEADER_EPOCH,
    fetchOffset: BigInt(offset),
    lastFetchedEpoch: ANY_LEADER_EPOCH,
    partitionMaxBytes: MAX_PARTITION_BYTES
  }))
  const { responses } = await cluster
    .askBroker(
      leader,
      fetchV13.api,
      waitMs,
      1,
      MAX_ANSWER_BYTES,
      READ_UNCOMMITTED,
      0,
      NO_SESSION_EPOCH,
      [{ topicId: topic.id, partitions }],
      [],
      ''
    )
    .catch(outOfRange)
  const offsets = new Map(from.map(({ shard, offset }) => [shard, offset]))
  return responses.flatMap((response) =>
    response.partitions.map(({ partitionIndex: shard, errorCode, records, highWatermark }) => ({
      shard,
      rows: errorCode === NO_ERROR ? rowsOf(records ?? [], offsets.get(shard)!) : undefined,
      end: Number(highWatermark)
    }))
  )
}

/** The answer that an error holds where some partitions have no such offset, and nothing else is wrong. */
function outOfRange(error: unknown): FetchResponse {
  if (!(error instanceof Refusal)) throw error
  const response = error.response as FetchResponse
  const codes = response.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
  const isAll = response.errorCode === NO_ERROR && codes.every((code) => [NO_ERROR, OFFSET_OUT_OF_RANGE].includes(code))
  if (!isAll) throw error
  return response
}

/** A batch comes whole, also where it begins before the offset that was asked for. */
function rowsOf(batches: readonly RecordsBatch[], from: number): Row[] {
  return batches.flatMap(({ firstOffset, firstTimestamp, maxTimestamp, attributes, records }) => {
    const first = Number(firstOffset)
    const isBrokers = (attributes & HAS_BROKERS_TIME) !== 0
    return records.flatMap(({ offsetDelta, timestampDelta, key, value }) => {
      const offset = first + offsetDelta
      if (offset < from) return []
      const at = Number(isBrokers ? maxTimestamp : firstTimestamp + timestampDelta)
      const isEntry = value && key && ENTRY_KEY.equals(key)
      return { id: { idHigh: offset + 1, idLow: at }, entry: isEntry ? value : undefined }
    })
  })
}
