import type { Split } from '../../market/corporate-action.ts'

/** Splits that these companies really made since 2014: symbol | ex-date | new shares for one old share. */
const ROWS = `
AAPL|2014-06-09|7
AAPL|2020-08-31|4
AMZN|2022-06-06|20
AVGO|2024-07-15|10
CMG|2024-06-26|50
CSX|2021-06-29|3
FTNT|2022-06-23|5
GE|2021-08-02|0.125
GME|2022-07-22|4
GOOG|2022-07-18|20
GOOGL|2022-07-18|20
ISRG|2021-10-05|3
LRCX|2024-10-03|10
NEE|2020-10-27|4
NFLX|2015-07-15|7
NVDA|2021-07-20|4
NVDA|2024-06-10|10
ORLY|2025-06-10|15
PANW|2022-09-14|3
SBUX|2015-04-09|2
SHW|2021-04-01|3
SMCI|2024-10-01|10
TSLA|2020-08-31|5
TSLA|2022-08-25|3
TTD|2021-06-17|10
V|2015-03-19|4
WMT|2024-02-26|3
NSE:HDFCBANK|2025-08-26|2
SHOP.TO|2022-06-29|10
`

/** Each symbol's splits, oldest first. */
export const SPLITS: ReadonlyMap<string, readonly Split[]> = Map.groupBy(
  ROWS.trim()
    .split('\n')
    .map((row) => {
      const [symbol = '', exDate = '', ratio = ''] = row.split('|')
      return { symbol, exDate, ratio: Number(ratio) }
    }),
  (row) => row.symbol
)
