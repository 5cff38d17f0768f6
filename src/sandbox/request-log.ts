import { VENDOR_NAMES, type VendorName } from './vendors/vendor.ts'

/** Beyond so many different endpoints of a vendor, the rest is counted together. */
const MAX_ENDPOINTS = 10_000
const REST = '(other)'

/** How often each endpoint of each vendor was asked. */
export class RequestLog {
  readonly #counts = new Map<VendorName, Map<string, number>>(
    VENDOR_NAMES.map((vendor) => [vendor, new Map<string, number>()])
  )

  add(vendor: VendorName, endpoint: string): void {
    const counts = this.#counts.get(vendor)!
    const name = counts.has(endpoint) || counts.size < MAX_ENDPOINTS ? endpoint : REST
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  /** Requests of a vendor whose endpoint holds a text; of all vendors and endpoints where none is given. */
  count(vendor?: VendorName, endpoint = ''): number {
    let total = 0
    for (const name of vendor ? [vendor] : VENDOR_NAMES) {
      for (const [path, count] of this.#counts.get(name)!) if (path.includes(endpoint)) total += count
    }
    return total
  }

  /** Counts by endpoint, by vendor. */
  toJSON(): Record<VendorName, Record<string, number>> {
    const entries = VENDOR_NAMES.map((vendor) => [vendor, Object.fromEntries(this.#counts.get(vendor)!)])
    return Object.fromEntries(entries) as Record<VendorName, Record<string, number>>
  }

  clear(): void {
    for (const counts of this.#counts.values()) counts.clear()
  }
}
