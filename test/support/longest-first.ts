import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files and folders whose tests run for a minute and more: outages, restarts and whole systems take their time. */
const LONGEST = [
  'test/workers/long-outages',
  'test/start',
  'test/workers/',
  'test/hub/interleavings',
  'test/market-data/every-route',
  'test/recordings-spoiled'
]

/**
 * What runs longest begins first, so that in the end no worker is alone with it. Vitest's own order by the durations of
 * former runs knows nothing in a clean copy.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return Array.from(Map.groupBy(sorted, rank))
      .toSorted(([a], [b]) => a - b)
      .flatMap(([, group]) => group)
  }
}

function rank({ moduleId }: TestSpecification): number {
  const path = relative(process.cwd(), moduleId)
  const index = LONGEST.findIndex((beginning) => path.startsWith(beginning))
  return index === -1 ? LONGEST.length : index
}
