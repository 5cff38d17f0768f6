import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Whose tests run for half a minute and more, the longest first: outages, restarts, whole systems and browsers take their time. */
const LONGEST = [
  'test/market-data/every-route',
  'test/console/console',
  'test/workers/ingest',
  'test/workers/day',
  'test/start.test',
  'test/workers/outages',
  'test/log/kafka',
  'test/workers/gap-filling',
  'test/workers/persist',
  'test/server.test',
  'test/routes/ws',
  'test/routes/stalls'
]

/**
 * What runs longest begins first, so that in the end no worker is alone with it, and between two such files come short ones:
 * several whole systems at once are too much for two processors. Vitest's own order by the durations of former runs knows
 * nothing in a clean copy.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
    const long = sorted.filter((file) => rank(file) < LONGEST.length)
    const short = sorted.slice(long.length)
    if (long.length === 0) return short
    const between = Math.ceil(short.length / long.length)
    return long.flatMap((file, at) => [file, ...short.slice(at * between, (at + 1) * between)])
  }
}

function rank({ moduleId }: TestSpecification): number {
  const path = relative(process.cwd(), moduleId)
  const index = LONGEST.findIndex((beginning) => path.startsWith(beginning))
  return index === -1 ? LONGEST.length : index
}
