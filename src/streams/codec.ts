import { decode, encode, ExtensionCodec } from '@msgpack/msgpack'
import type { InstantNs } from '../market/instant-ns.ts'
import type { Frame } from './mapper.ts'
import { assertListsFit } from './msgpack-lengths.ts'

/** How values travel in frames. Whole numbers beyond 2^53 are decoded as bigint. */
export type Codec = {
  /** Throws where the frame is not of this encoding. */
  decode(frame: Frame): unknown
  encode(value: unknown): Frame
}

/** So many digits may be more than a double holds. */
const LONG_NUMBER = /[:,[\s]-?\d{16,}/
const UTF_8 = new TextDecoder('utf-8', { fatal: true })

export const jsonCodec: Codec = {
  decode(frame) {
    const text = typeof frame === 'string' ? frame : UTF_8.decode(frame)
    return LONG_NUMBER.test(text) ? JSON.parse(text, withWholeNumbers) : JSON.parse(text)
  },
  encode: (value) => JSON.stringify(value)
}

function withWholeNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  const isRounded = typeof value === 'number' && !Number.isSafeInteger(value)
  return isRounded && context?.source !== undefined && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value
}

/** What a JSON text says; undefined where it is none. */
export function decodedJson(text: string): unknown {
  try {
    return jsonCodec.decode(text)
  } catch {
    return undefined
  }
}

const TIMESTAMP = -1
/** Nanoseconds come through, which the library's own Date would lose. */
const extensions = new ExtensionCodec()
extensions.register({ type: TIMESTAMP, encode: encodeInstant, decode: decodeInstant })

/** MessagePack; its timestamps are decoded as instants to the nanosecond, and encoded from those. */
export const msgpackCodec: Codec = {
  decode(frame) {
    if (typeof frame === 'string') throw new TypeError('a text frame is not MessagePack')
    assertListsFit(frame)
    return decode(frame, { extensionCodec: extensions, useBigInt64: true })
  },
  encode: (value) => encode(value, { extensionCodec: extensions, useBigInt64: true })
}

export function isInstantNs(value: unknown): value is InstantNs {
  return typeof value === 'object' && value !== null && 'ms' in value && 'ns' in value
}

/** Always as timestamp 96, which holds every instant. */
function encodeInstant(value: unknown): Uint8Array | null {
  if (!isInstantNs(value)) return null
  const seconds = Math.floor(value.ms / 1000)
  const view = new DataView(new ArrayBuffer(12))
  view.setUint32(0, (value.ms - seconds * 1000) * 1_000_000 + value.ns)
  view.setBigInt64(4, BigInt(seconds))
  return new Uint8Array(view.buffer)
}

function decodeInstant(data: Uint8Array): InstantNs {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  if (data.byteLength === 4) return instantOf(view.getUint32(0), 0)
  if (data.byteLength === 8) {
    const packed = view.getBigUint64(0)
    return instantOf(Number(packed & 0x3_ffff_ffffn), Number(packed >> 34n))
  }
  if (data.byteLength === 12) return instantOf(Number(view.getBigInt64(4)), view.getUint32(0))
  throw new RangeError(`a timestamp has ${data.byteLength} bytes`)
}

function instantOf(seconds: number, nanoseconds: number): InstantNs {
  if (nanoseconds >= 1_000_000_000) throw new RangeError('a timestamp has more than a second of nanoseconds')
  return { ms: seconds * 1000 + Math.floor(nanoseconds / 1_000_000), ns: nanoseconds % 1_000_000 }
}
