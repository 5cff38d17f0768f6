/** The low bits of a hash choose the slot. */
const SLOTS = 2 ** 14
const MASK = SLOTS - 1
const MAX_ASCII = 0x7f

/**
 * Texts that were decoded lately: a symbol comes again in entry after entry, and one that is known costs a comparison of its
 * bytes. The newest of those that share a slot is kept.
 */
export class KnownTexts {
  readonly #slots: string[] = Array.from({ length: SLOTS }, () => '')

  /** The text whose length stands at a place, and behind it its UTF-8; `hash` is any that tells texts apart mostly. */
  at(bytes: Buffer, lengthAt: number, hash: number): string {
    const known = this.#slots[hash & MASK]!
    if (isSame(known, bytes, lengthAt)) return known
    const text = bytes.toString('utf8', lengthAt + 1, lengthAt + 1 + bytes[lengthAt]!)
    this.#slots[hash & MASK] = text
    return text
  }
}

/** False of a text that is not all ASCII. */
function isSame(known: string, bytes: Buffer, lengthAt: number): boolean {
  const { length } = known
  if (bytes[lengthAt] !== length) return false
  for (let at = 0; at < length; at++) {
    const code = bytes[lengthAt + 1 + at]!
    if (code > MAX_ASCII || known.charCodeAt(at) !== code) return false
  }
  return true
}
