import { partsOf } from '../../market/zoned-time.ts'

/** An instant by a zone's clocks, without offset: `2025-07-24 12:29:00`. */
export function wallTime(timeZone: string, instant: number): string {
  const { year, month, day, hour, minute, second } = partsOf(timeZone, instant)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`
}
