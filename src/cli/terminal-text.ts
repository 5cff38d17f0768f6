/**
 * Control characters, of which escape sequences are made (C0, DEL, C1), line and paragraph separators, and the marks that
 * turn the direction of writing round: what vendors write must move no cursor and hide no text.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/gu
const UNSAFE_OUTSIDE_LINES = new RegExp(`(?!\\n)${UNSAFE.source}`, 'gu')
/** Of these a terminal could take part for commands, although JSON lets them stand. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g

const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** Letters of ASCII and the blocks of bars and sparklines: most lines are of nothing else. */
const NARROW_ALONE = /^[\x20-\x7e…▀-▟]*$/

/** Foreign text as it may be shown on one line of a terminal: what is unsafe becomes `�`. */
export function oneLine(text: string): string {
  return text.replaceAll(UNSAFE, '\ufffd')
}

/** Foreign text of several lines, likewise. */
export function severalLines(text: string): string {
  return text.replaceAll(UNSAFE_OUTSIDE_LINES, '\ufffd')
}

/** A value as one line of JSON that any terminal may be shown: what is unsafe is written as `\u009b`. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}

/** How many columns of a terminal a line takes. */
export function widthOf(line: string): number {
  if (NARROW_ALONE.test(line)) return line.length
  let width = 0
  for (const { segment } of graphemes().segment(line)) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** A line that takes at most so many columns; one that was cut ends with `…`. */
export function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line
  let kept = ''
  let taken = 0
  for (const { segment } of graphemes().segment(line)) {
    taken += widthOf(segment)
    if (taken > width - 1) break
    kept += segment
  }
  return width < 1 ? '' : `${kept}…`
}

let segmenter: Intl.Segmenter | undefined
const graphemes = () => (segmenter ??= new Intl.Segmenter())
