import { LICENCES, type LicenceBySource } from '../market/licence.ts'
import { PROVIDER_NAMES } from '../providers/provider.ts'
import { FEED_VENDORS } from './streams.ts'

const VENDORS: readonly string[] = [...new Set<string>([...PROVIDER_NAMES, ...FEED_VENDORS])]

/** What LICENCES says, e.g. `massive=redistribution, alpaca=display`; adds what is wrong to the problems. */
export function licencesIn(list: string, problems: string[]): LicenceBySource {
  const parts = list.split(',').filter((part) => part.trim() !== '')
  const named = parts.flatMap((part) => {
    const [vendor = '', text = ''] = part.split('=').map((each) => each.trim())
    const licence = LICENCES.find((each) => each === text)
    if (VENDORS.includes(vendor) && licence !== undefined) return [[vendor, licence] as const]
    problems.push(`LICENCES must be vendor=licence,...; of ${VENDORS.join(', ')} and ${LICENCES.join(', ')}`)
    return []
  })
  if (new Set(named.map(([vendor]) => vendor)).size < named.length) problems.push('LICENCES names a vendor twice')
  return new Map(named)
}
