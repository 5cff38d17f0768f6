/** Vendors that are listened to, by the first part of the path that they answer under. */
export const STREAM_VENDOR_NAMES = [
  'alpaca-stream',
  'massive-stream',
  'upstox-stream',
  'finnhub-stream',
  'tiingo-stream',
  'yahoo-stream'
] as const
/** This one is listened to on a port of its own. */
export const TWS = 'tws'
export type StreamVendorName = (typeof STREAM_VENDOR_NAMES)[number]
