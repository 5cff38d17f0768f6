/** The low bits of a hash choose the slot. */
const SLOTS = 2 ** 14
const MASK = SLOTS - 1

type Known = { readonly bytes: Uint8Array; readonly text: string }

/**
 * Texts that were decoded lately: a symbol comes again in entry after entry, and one that is known costs a comparison of its
 * bytes. The newest of those that share a slot is kept.
 */
export class KnownTexts {
  readonly #slots: (Known | undefined)[] = Array.from({ length: SLOTS }, () => undefined)

  /** The text whose length stands at a place, and behind it its UTF-8; `hash` is any that tells texts apart mostly. */
  at(bytes: Buffer, lengthAt: number, hash: number): string {
    const known = this.#slots[hash & MASK]
    if (known && isSame(known.bytes, bytes, lengthAt)) return known.text
    const own = Buffer.from(bytes.subarray(lengthAt + 1, lengthAt + 1 + bytes[lengthAt]!))
    const text = own.toString()
    this.#slots[hash & MASK] = { bytes: own, text }
    return text
  }
}

function isSame(known: Uint8Array, bytes: Buffer, lengthAt: number): boolean {
  const { length } = known
  if (bytes[lengthAt] !== length) return false
  for (let at = 0; at < length; at++) if (known[at] !== bytes[lengthAt + 1 + at]) return false
  return true
}
