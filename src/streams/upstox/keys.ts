/** What the vendor calls instruments, by our canonical symbols and back: `NSE:RELIANCE` is `NSE_EQ|INE002A01018`. */
export type InstrumentKeys = {
  /** Undefined where the vendor has no such instrument today. */
  keyOf(symbol: string): string | undefined
  symbolOf(key: string): string | undefined
}
