import { customType, numeric } from 'drizzle-orm/pg-core'

/** An instant: ISO 8601 with milliseconds in UTC here, `timestamptz` there. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp(3) with time zone',
  fromDriver: (text) => new Date(text).toISOString()
})

/**
 * A price, an amount or a size. Numeric without precision keeps every digit of the shortest decimal that names a
 * double, so the same double comes back.
 */
export const figure = () => numeric({ mode: 'number' })
