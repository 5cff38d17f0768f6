import type { JobName } from '../src/jobs/catalog.ts'
import type { Handler } from './handler.ts'
import { auditBars } from './jobs/audit-bars.ts'
import { backfillGap } from './jobs/backfill-gap.ts'
import { backfillHistory } from './jobs/backfill-history.ts'
import { cleanup } from './jobs/cleanup.ts'
import { ensurePartitions } from './jobs/ensure-partitions.ts'
import { importInstruments } from './jobs/import-instruments.ts'
import { refreshCalendar } from './jobs/refresh-calendar.ts'
import { refreshIndices } from './jobs/refresh-indices.ts'
import { refreshMarket } from './jobs/refresh-market.ts'
import { refreshNews } from './jobs/refresh-news.ts'
import { refreshQuotes } from './jobs/refresh-quotes.ts'
import { refreshSentiment } from './jobs/refresh-sentiment.ts'
import { refreshStocks } from './jobs/refresh-stocks.ts'
import { warmCache } from './jobs/warm-cache.ts'

/** One handler per job: a job without one does not compile. */
export const handlers: { readonly [Name in JobName]: Handler<Name> } = {
  'refresh-quotes': refreshQuotes,
  'refresh-indices': refreshIndices,
  'refresh-market': refreshMarket,
  'refresh-sentiment': refreshSentiment,
  'refresh-news': refreshNews,
  'refresh-stocks': refreshStocks,
  'warm-cache': warmCache,
  'audit-bars': auditBars,
  'backfill-gap': backfillGap,
  'backfill-history': backfillHistory,
  'import-instruments': importInstruments,
  'ensure-partitions': ensurePartitions,
  'refresh-calendar': refreshCalendar,
  cleanup
}
