/**
 * What a vendor's licence allows whoever runs this server to do with its values, the least first. `personal`: to use them
 * in person; `display`: to show them to people; `redistribution`: to hand them on to programs.
 */
export const LICENCES = ['personal', 'display', 'redistribution'] as const
export type Licence = (typeof LICENCES)[number]

/** By the names that values have in `provenance.source`. A vendor that is missing allows the least. */
export type LicenceBySource = ReadonlyMap<string, Licence>
