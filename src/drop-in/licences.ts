import type { FastifyRequest } from 'fastify'
import { providerOfTrades } from '../bars/series-names.ts'
import { ApiError } from '../errors.ts'
import { LICENCES, type Licence, type LicenceBySource } from '../market/licence.ts'
import type { Provenance } from '../market/provenance.ts'

/** Who is served, and for what. */
export type Audience = {
  /** `display`: for people to look at; `redistribution`: for programs, which may do anything with it. */
  readonly use: Exclude<Licence, 'personal'>
  /** Whoever runs this server may use in person what he was sold. */
  readonly isOperator: boolean
}

const isOperator = ({ principal }: FastifyRequest): boolean => principal?.scopes.includes('admin:read') ?? false

/** A program that a request comes from. */
export const programOf = (request: FastifyRequest): Audience => ({
  use: 'redistribution',
  isOperator: isOperator(request)
})

/** People who look at what a request is answered with. */
export const viewersOf = (request: FastifyRequest): Audience => ({ use: 'display', isOperator: isOperator(request) })

/** Who told a value. */
export type Origin = Pick<Provenance, 'source' | 'feed'>

/**
 * Whether a value may be served: of one that was made of several vendors', whether each of them allows it. Simulated values
 * belong to nobody.
 */
export function mayServe(licences: LicenceBySource, { source, feed }: Origin, { use, isOperator }: Audience): boolean {
  if (isOperator || feed === 'sandbox') return true
  return source.split(', ').every((each) => {
    const licence = licences.get(providerOfTrades(each) ?? each) ?? 'personal'
    return LICENCES.indexOf(licence) >= LICENCES.indexOf(use)
  })
}

/** The vendors whose values may be served. */
export const sourcesFor = (licences: LicenceBySource, { use }: Audience): readonly string[] =>
  [...licences].flatMap(([source, licence]) => (LICENCES.indexOf(licence) >= LICENCES.indexOf(use) ? source : []))

/** 403: a vendor does not allow that its values are handed on. */
export class NotLicensed extends ApiError {
  constructor({ source }: Origin) {
    super('NOT_LICENSED', 403, `The licence of ${source} does not let its values be served here`, {
      details: { source }
    })
  }
}

/** Throws NotLicensed for a value that may not be served. */
export function assertMayServe(licences: LicenceBySource, origin: Origin, audience: Audience): void {
  if (!mayServe(licences, origin, audience)) throw new NotLicensed(origin)
}
