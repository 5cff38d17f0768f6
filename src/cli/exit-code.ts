/**
 * What a shell learns of how it went. `signal`: ended by Ctrl-C or by a signal, where 128 is added to its number.
 */
export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  notAllowed: 3,
  notFound: 4,
  unavailable: 5
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]
