import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Others who record the same endpoints name their files otherwise: such a folder is for recordings.test.ts alone. */
const KNOWN_FILES = [
  'yahoo/batch-quote/v7-AAPL-MSFT-REGULAR-2025-08-26.json',
  'fmp/quote/quote-AAPL-2025-09.json',
  'tiingo/quote/iex-IBM-in-session-2024-06-24.json'
]

/** Where the recordings lie that tests know one by one; undefined where they are not. */
export const knownRecordings: string | undefined = [process.env['RECORDINGS_DIR'], '../shared/recordings']
  .flatMap((folder) => (folder === undefined ? [] : resolve(folder)))
  .find((folder) => KNOWN_FILES.every((file) => existsSync(join(folder, file))))
