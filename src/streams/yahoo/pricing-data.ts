import { fieldsIn, ProtobufError, signed, type WireField } from './protobuf.ts'

/** What one message of the streamer says of an instrument; a member that is missing is as it was. */
export type PricingData = Readonly<Partial<Record<Exclude<NumberField, 'time'>, number>>> & {
  readonly id: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly currency?: string
}

/** The fields, and how each is encoded. Those of coins and options beside them tell nothing that a quote has. */
const TEXTS = { 1: 'id', 4: 'currency' } as const
const FLOATS = {
  2: 'price',
  8: 'changePercent',
  10: 'dayHigh',
  11: 'dayLow',
  12: 'change',
  15: 'openPrice',
  16: 'previousClose',
  23: 'bid',
  25: 'ask'
} as const
const SIGNED = { 3: 'time', 9: 'dayVolume', 24: 'bidSize', 26: 'askSize', 27: 'priceHint' } as const
const ENUMS = { 6: 'quoteType', 7: 'marketHours' } as const
const FIELDS = 33

type NumberField = (typeof FLOATS)[keyof typeof FLOATS] | (typeof SIGNED)[keyof typeof SIGNED] | EnumField
type EnumField = (typeof ENUMS)[keyof typeof ENUMS]

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

/** Reads a message. Throws ProtobufError where it is cut off, or lacks what each message has. */
export function pricingDataIn(bytes: Uint8Array): { readonly data: PricingData; readonly unknownFields: string[] } {
  const data: Record<string, string | number> = {}
  const unknownFields: string[] = []
  for (const field of fieldsIn(bytes)) {
    const [name, value] = readField(field) ?? []
    if (name !== undefined && value !== undefined) data[name] = value
    else if (field.number > FIELDS) unknownFields.push(`pricing.${field.number}`)
  }
  const { id, time } = data
  if (typeof id !== 'string' || id === '') throw new ProtobufError('the message names no instrument')
  if (typeof time !== 'number') throw new ProtobufError('the message has no time')
  return { data: { ...data, id, time }, unknownFields }
}

function readField({ number, value }: WireField): [name: string, value: string | number] | undefined {
  if (number in TEXTS) return [TEXTS[number as keyof typeof TEXTS], textOf(number, value)]
  if (number in FLOATS) return [FLOATS[number as keyof typeof FLOATS], floatOf(number, value)]
  if (number in SIGNED) return [SIGNED[number as keyof typeof SIGNED], signed(wholeOf(number, value))]
  if (number in ENUMS) return [ENUMS[number as keyof typeof ENUMS], Number(wholeOf(number, value))]
  return undefined
}

function textOf(number: number, value: WireField['value']): string {
  if (typeof value === 'bigint') throw new ProtobufError(`field ${number} is no text`)
  try {
    return UTF_8.decode(value)
  } catch {
    throw new ProtobufError(`field ${number} is no text`)
  }
}

function floatOf(number: number, value: WireField['value']): number {
  if (typeof value === 'bigint' || value.length !== 4) throw new ProtobufError(`field ${number} is no float`)
  return new DataView(value.buffer, value.byteOffset, 4).getFloat32(0, true)
}

function wholeOf(number: number, value: WireField['value']): bigint {
  if (typeof value !== 'bigint') throw new ProtobufError(`field ${number} is no whole number`)
  return value
}
