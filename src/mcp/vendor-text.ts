/** Of one text; longer ones are cut. */
const MAX_TEXT_LENGTH = 1000
/** A cut address leads somewhere else: longer ones are left out. */
const WEB_ADDRESS = /^https?:\/\/\S{1,990}$/
/** Line ends and tabs among them become spaces. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu
/**
 * What a person does not see and a program reads: direction marks, zero-width characters, tags, private characters, halves
 * of a character, variation selectors.
 */
const INVISIBLE = /[\p{Cf}\p{Co}\p{Cs}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]/gu

/** A text from outside as one line of visible characters, cut where it is long. What it says is left as it is. */
export function visibleText(text: string): string {
  const line = text.replace(CONTROL, ' ').replace(INVISIBLE, '').replace(/ {2,}/g, ' ').trim()
  return line.length > MAX_TEXT_LENGTH ? `${line.slice(0, MAX_TEXT_LENGTH).toWellFormed()}…` : line
}

/** The same value with every text in it as `visibleText`. What is called `url` and is no address of the web is left out. */
export function withVisibleTexts<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (key, part: unknown) => {
    if (typeof part !== 'string') return part
    if (key === 'url' && !WEB_ADDRESS.test(part)) return undefined
    return visibleText(part)
  }) as T
}
