const ISIN = /^[A-Z]{2}[A-Z0-9]{9}[0-9]$/

/** Whether a text is an ISIN (ISO 6166), its check digit included: it names a security, and no listing of it. */
export function isIsin(text: string): boolean {
  if (!ISIN.test(text)) return false
  const digits = Array.from(
    text.replaceAll(/[A-Z]/g, (letter) => String(parseInt(letter, 36))),
    Number
  )
  const sum = digits.toReversed().reduce((total, digit, place) => {
    const value = place % 2 === 0 ? digit : digit * 2
    return total + Math.floor(value / 10) + (value % 10)
  }, 0)
  return sum % 10 === 0
}
