export const MASTER_EXCHANGES = ['NSE', 'BSE', 'MCX'] as const
/** Exchanges whose instruments are taken from a master file that lists all of them. */
export type MasterExchange = (typeof MASTER_EXCHANGES)[number]
