/** A field of a message as it travels: whole numbers as they are encoded, floats by their bytes, texts and messages by theirs. */
export type WireField = {
  readonly number: number
  readonly value: bigint | Uint8Array
}

/** The message is cut off, or no message at all. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const FIXED_32 = 5
const MAX_VARINT_BYTES = 10

/** The fields of a message in the order in which they stand, whether they are known or not. Throws ProtobufError. */
export function* fieldsIn(message: Uint8Array): Generator<WireField, void> {
  const reader = new Reader(message)
  while (!reader.isAtEnd) {
    const tag = Number(reader.varint())
    const number = tag >>> 3
    if (number === 0) throw new ProtobufError('a field has the number 0')
    switch (tag & 7) {
      case VARINT:
        yield { number, value: reader.varint() }
        break
      case FIXED_64:
        yield { number, value: reader.bytes(8) }
        break
      case LENGTH_DELIMITED:
        yield { number, value: reader.bytes(Number(reader.varint())) }
        break
      case FIXED_32:
        yield { number, value: reader.bytes(4) }
        break
      default:
        throw new ProtobufError(`field ${number} is of no known encoding`)
    }
  }
}

/** A `sint64` or `sint32`, whose sign is its last bit. */
export const signed = (value: bigint): number => Number((value >> 1n) ^ -(value & 1n))

class Reader {
  readonly #message: Uint8Array
  #at = 0

  constructor(message: Uint8Array) {
    this.#message = message
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#message.length
  }

  varint(): bigint {
    let value = 0n
    for (let at = 0; at < MAX_VARINT_BYTES; at++) {
      const byte = this.#message[this.#at++]
      if (byte === undefined) throw new ProtobufError('the message is cut off in a number')
      value |= BigInt(byte & 0x7f) << BigInt(7 * at)
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new ProtobufError('a number has no end')
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#message.length) throw new ProtobufError('the message is cut off in a field')
    const bytes = this.#message.subarray(this.#at, end)
    this.#at = end
    return bytes
  }
}
