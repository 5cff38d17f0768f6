declare global {
  interface JSON {
    /** A value whose JSON is this text, which must be that of a primitive. */
    rawJSON(text: string): unknown
  }
}

/** JSON of what a vendor's clients read. Whole numbers that no double holds are bigint, and stand in it as numbers. */
export function wireJson(value: unknown): string {
  return JSON.stringify(value, withWholeNumbers)
}

const withWholeNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value

/** A number where a double holds it exactly, else a bigint; undefined for what is not made of digits. */
export function wholeNumber(digits: string | undefined): number | bigint | undefined {
  if (digits === undefined || !/^\d{1,19}$/.test(digits)) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}
