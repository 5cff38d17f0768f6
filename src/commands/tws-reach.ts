import type { TwsStreamConfig } from '../config/streams.ts'
import { probeTws, type TwsProbe } from '../streams/ibkr/probe.ts'
import type { StreamReach } from './reach.ts'

const PROBE_MS = 3000
/** From here on TWS speaks in Protocol Buffers, to those who can. */
const FIRST_BINARY_VERSION = 201
const ASKED_FOR = '100 to 193'

const ENABLE =
  'log in there, and enable "ActiveX and Socket Clients" in its API settings, with this port (TWS 7496, paper 7497; IB Gateway 4001, paper 4002)'

/** Whether TWS takes a client now, which version it speaks, and what to do where it does not. Never rejects. */
export async function twsReached(
  settings: Pick<TwsStreamConfig, 'host' | 'port' | 'clientId'> | undefined
): Promise<StreamReach> {
  const name = 'ibkr stream'
  if (!settings) return { name, isOn: false, detail: 'off: IBKR_HOST is not set', isSilent: false }
  const probe = await probeTws(settings, PROBE_MS)
  const isWell = probe.outcome === 'ready' || probe.outcome === 'client_id_taken'
  return { name, isOn: true, detail: `client ${settings.clientId}; ${detailOf(probe)}`, isSilent: !isWell }
}

function detailOf({ outcome, serverVersion, text }: TwsProbe): string {
  const version = serverVersion === undefined ? '' : versionText(serverVersion)
  switch (outcome) {
    case 'ready':
      return `TWS takes clients; ${version}`
    case 'client_id_taken':
      return `TWS takes clients; a program is connected under this number, which is as it should be while npm run ingest runs; ${version}`
    case 'refused':
      return `TWS refuses it: ${text}`
    case 'silent':
      return `connections are taken, and nothing is said: somebody may have to accept this client in a window of TWS, or the port is another program's`
    case 'closed':
      return 'TWS ends the connection: add the address of this host to its trusted IPs'
    case 'unreachable':
      return `nothing of TWS or IB Gateway listens there (${text}): ${ENABLE}`
    default:
      return outcome satisfies never
  }
}

/** Nobody here had a real TWS: what follows from its documents only is said to. */
const versionText = (version: number): string =>
  `version ${version} of its protocol, of ${ASKED_FOR} asked for. A TWS of ${FIRST_BINARY_VERSION} and above should agree to one of these too; that was never tried`
