/**
 * How the server ends a connection. 4000 to 4499: connect again (and resume); 4500 to 4999: not before something was
 * changed. Beside these, ws itself closes with 1007 (text that is not UTF-8) and 1009 (a frame over the limit).
 */
export const CloseCode = {
  replayEnded: { code: 1000, reason: 'the replay has come to its end' },
  replayFailed: { code: 4009, reason: 'what is stored cannot be read now: connect again' },
  shutdown: { code: 4001, reason: 'the server goes down: connect again and resume' },
  tokenExpired: { code: 4003, reason: 'the key or token has expired: connect with a new one and resume' },
  cannotAuthenticate: { code: 4005, reason: 'keys and tokens cannot be checked now: connect again and resume' },
  overrun: { code: 4006, reason: 'too many connections without a key or token: connect again with one' },
  notNow: { code: 4010, reason: 'what was asked for cannot be served now: connect again and resume' },
  dismissed: { code: 4007, reason: 'ended by an operator: connect again and resume' },
  tooSlow: { code: 4008, reason: 'too slow to get every event: connect again and resume' },
  noPong: { code: 4012, reason: 'no sign of life: connect again and resume' },
  unauthorized: { code: 4500, reason: 'not authenticated' },
  badFrames: { code: 4501, reason: 'too many frames that cannot be served' },
  tooManyFrames: { code: 4502, reason: 'too many frames' },
  tooManyConnections: { code: 4503, reason: 'too many connections of one user' },
  forbidden: { code: 4504, reason: 'the key or token does not grant stream:read' },
  refused: { code: 4505, reason: 'what was asked for was refused' }
} as const
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode]
