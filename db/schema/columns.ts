import { customType, numeric } from '../drizzle.ts'
import { formatInstantNs, parseInstantNs, type InstantNs } from '../../src/market/instant-ns.ts'

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

/** An instant down to the microsecond, as far as Postgres counts; a column beside it holds the nanoseconds below. */
export const micros = customType<{ data: InstantNs; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: (text) => parseInstantNs(text.replace(' ', 'T').replace(/\+00$/, 'Z'))!,
  toDriver: formatInstantNs
})

/** Bytes, told to Postgres as hexadecimal text. */
export const bytes = customType<{ data: Uint8Array; driverData: string }>({
  dataType: () => 'bytea',
  toDriver: (value) => `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
})
