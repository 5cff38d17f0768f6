import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import { Compile } from 'typebox/compile'
import { StreamReport } from '../market/stream-report.ts'
import { RowHolder } from './row-holder.ts'
import { readRows } from './row-reader.ts'

/** What a stream waits for is told in seconds. */
const LOOK_EVERY_MS = 1000

const check = Compile(StreamReport)

export type StreamReporterOptions = {
  readonly redis: Redis
  readonly log: Pick<Logger, 'warn'>
  /** Names this process among all that own streams. */
  readonly processId: string
  /** What its streams do now. */
  readonly reports: () => readonly StreamReport[]
}

/** Tells all processes what the streams of this one do, as long as it runs. */
export class StreamReporter {
  readonly #reports: () => readonly StreamReport[]
  readonly #told = new Map<string, string>()
  readonly #holder: RowHolder
  readonly #timer: NodeJS.Timeout

  constructor({ redis, log, processId, reports }: StreamReporterOptions) {
    this.#reports = reports
    this.#holder = new RowHolder({ redis, log, table: 'streams', holder: processId, rows: () => this.#told })
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#look()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#holder.close()
  }

  #look(): void {
    const now = new Map(this.#reports().map((report) => [report.stream, JSON.stringify(report)]))
    for (const stream of this.#told.keys()) {
      if (now.has(stream)) continue
      this.#told.delete(stream)
      this.#holder.changed(stream, '')
    }
    for (const [stream, text] of now) {
      if (this.#told.get(stream) === text) continue
      this.#told.set(stream, text)
      this.#holder.changed(stream, text)
    }
  }
}

/** What the streams of all processes do, by their names. Rejects while Redis is away. */
export async function streamReports(redis: Redis): Promise<StreamReport[]> {
  const reports: StreamReport[] = []
  await readRows(redis, 'streams', (_stream, text) => {
    const report = reportIn(text)
    if (report) reports.push(report)
  })
  return reports.sort((a, b) => (a.stream < b.stream ? -1 : 1))
}

/** Undefined for what only a later release, or nobody, can read. */
function reportIn(text: string): StreamReport | undefined {
  try {
    const report: unknown = JSON.parse(text)
    return check.Check(report) ? report : undefined
  } catch {
    return undefined
  }
}
