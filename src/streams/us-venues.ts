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
