/** Participants of the consolidated tapes of US shares by their letters: operating or segment MIC (ISO 10383). */
const MIC_OF_PARTICIPANT: Readonly<Record<string, string>> = {
  A: 'XASE',
  B: 'XBOS',
  C: 'XCIS',
  D: 'FINR', // FINRA's reporting facilities together
  H: 'EPRL',
  I: 'XISE',
  J: 'EDGA',
  K: 'EDGX',
  L: 'LTSE',
  M: 'XCHI',
  N: 'XNYS',
  P: 'ARCX',
  Q: 'XNAS',
  T: 'XNAS',
  U: 'MEMX',
  V: 'IEXG',
  W: 'CBSX',
  X: 'XPHL',
  Y: 'BATY',
  Z: 'BATS'
}

/** The MIC of a participant's letter; a letter that is not known stays as it is. */
export function venueOfParticipant(letter: string): string {
  return Object.hasOwn(MIC_OF_PARTICIPANT, letter) ? MIC_OF_PARTICIPANT[letter]! : letter
}

/** Reporting facilities of FINRA, which the tapes tell as one. */
const FACILITIES: ReadonlySet<string> = new Set(['FINR', 'FINN', 'FINY', 'FINC'])
const PARTICIPANT_OF_MIC: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(MIC_OF_PARTICIPANT).map(([letter, mic]) => [mic, letter])
)

/** The participant's letter of a venue on a tape; undefined for a venue that has none. Nasdaq is `Q` on its own tape. */
export function participantOf(venue: string, tape: string | undefined): string | undefined {
  if (FACILITIES.has(venue)) return 'D'
  if (venue === 'XNAS') return tape === 'C' ? 'Q' : 'T'
  if (/^[A-Z]$/.test(venue)) return venue
  return Object.hasOwn(PARTICIPANT_OF_MIC, venue) ? PARTICIPANT_OF_MIC[venue] : undefined
}
