/** How often what operators see is asked for again, while they look. */
export const RENEW_MS = 5000
/** The same of what changes slowly or costs a database something. */
export const RENEW_SLOWLY_MS = 15_000
