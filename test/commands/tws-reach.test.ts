import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { twsReached } from '../../src/commands/tws-reach.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { openTws, twsEndpoint } from '../../src/streams/ibkr/port.ts'

const at = (port: number) => ({ host: '127.0.0.1', port, clientId: 5, timeoutMs: 1000, maxLines: 100 })

async function portOf(connected: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    onTestFinished(() => void socket.destroy())
    connected(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

test('the doctor says which version TWS speaks, what of that is unproven, and who else is connected', async () => {
  const sandbox = await startSandbox({ twsPort: 0 })
  onTestFinished(() => sandbox.close())
  const settings = at(sandbox.twsPort!)
  const well = await twsReached(settings)
  expect(well).toMatchObject({ isOn: true, isSilent: false })
  expect(well.detail).toMatch(/client 5; TWS takes clients; version 187 .*201 and above.*never tried/)

  const owner = new Promise<void>((resolve) => {
    const socket = openTws(twsEndpoint(settings), {
      opened: () => undefined,
      ponged: () => undefined,
      received: (frame) => String(frame).includes('"ready"') && resolve(),
      ended: () => undefined
    })
    onTestFinished(() => socket.drop())
  })
  await owner
  expect(await twsReached(settings)).toMatchObject({
    isSilent: false,
    detail: expect.stringContaining('while npm run ingest runs')
  })
})

test('the doctor says what to do where TWS is not there, or does not take this host', async () => {
  const port = await portOf((socket) => socket.end())
  expect(await twsReached(at(port))).toMatchObject({ isSilent: true, detail: expect.stringContaining('trusted IPs') })
  const free = await portOf(() => undefined)
  expect(await twsReached({ ...at(free), host: '127.0.0.2' })).toMatchObject({
    isSilent: true,
    detail: expect.stringContaining('ActiveX and Socket Clients')
  })
  expect(await twsReached(undefined)).toMatchObject({ isOn: false, isSilent: false })
})
