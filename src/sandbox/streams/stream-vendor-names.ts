/** Vendors that are listened to, by the first part of the path that they answer under. */
export const STREAM_VENDOR_NAMES = [
  'alpaca-stream',
  'massive-stream',
  'finnhub-stream',
  'tiingo-stream',
  'yahoo-stream'
] as const
export type StreamVendorName = (typeof STREAM_VENDOR_NAMES)[number]
