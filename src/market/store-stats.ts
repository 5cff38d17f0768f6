import { Type, type Static } from 'typebox'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const Bytes = Type.Integer({ minimum: 0, description: 'On disk, indexes included' })

/** What is stored of streams, and how far behind them the store is. */
export const StoreStats = Type.Object(
  {
    ticks: Type.Object({
      estimatedRows: Type.Optional(
        Count('As Postgres estimates them; absent before it looked at the tables for the first time')
      ),
      bytes: Bytes,
      days: Type.Array(
        Type.Object({
          tradeDate: Type.String({ description: 'YYYY-MM-DD' }),
          estimatedRows: Type.Optional(Count('As Postgres estimates them')),
          bytes: Bytes
        }),
        { description: 'Newest first' }
      )
    }),
    bbo: Type.Object(
      { estimatedRows: Type.Optional(Count('As Postgres estimates them')), bytes: Bytes },
      { description: 'Best bids and offers' }
    ),
    bars: Type.Object({
      series: Count('By instrument, interval, adjustment, source and feed'),
      estimatedRows: Type.Optional(Count('As Postgres estimates them')),
      bytes: Bytes
    }),
    instruments: Count('That anything is stored of'),
    gaps: Type.Object({
      open: Count('Not filled yet'),
      filling: Count('Being filled'),
      filled: Count('Filled'),
      unfillable: Count('That nobody can fill any more')
    }),
    written: Type.Array(
      Type.Object({
        shard: Type.Integer({ minimum: 0 }),
        until: Type.Optional(
          Type.String({
            format: 'date-time',
            description: "When the newest event of it came into the log, on the log's clock"
          })
        ),
        at: Type.String({ format: 'date-time', description: 'When it was written, UTC' })
      }),
      { description: 'How far the event log was written, by shard' }
    )
  },
  { $id: 'StoreStats' }
)
export type StoreStats = Static<typeof StoreStats>
