import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { ProviderName } from '../../src/providers/provider.ts'
import { readRecordings, type Recording } from '../../src/sandbox/recording.ts'
import { knownRecordings } from '../support/known-recordings.ts'

export const hasRecordings = knownRecordings !== undefined
export const signal = new AbortController().signal

export type Reply = { status?: number; type?: string; body: string | Buffer; headers?: Record<string, string> }
export type Asked = { path: string; query: URLSearchParams; headers: Record<string, string | string[] | undefined> }

/** A vendor on this machine that answers as told until the test ends; `asked` lists what it was asked. */
export async function vendorServer(answer: (asked: Asked) => Reply) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://vendor')
    const one = { path: url.pathname, query: url.searchParams, headers: request.headers }
    asked.push(one)
    const { status = 200, type = 'application/json', body, headers } = answer(one)
    response.writeHead(status, { 'content-type': type, ...headers })
    response.end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

export const json = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) })

/** The recording as the vendor sent it. Most sidecars kept no headers: then the body tells the type. */
export function replyOf({ status, headers, body }: Recording): Reply {
  const text = body.toString('utf8')
  const type = headers['content-type'] ?? (/^\s*[[{]/.test(text) ? 'application/json' : 'text/plain')
  return { status, type, body: text }
}

export async function recordingsOf(vendor: ProviderName): Promise<Recording[]> {
  return knownRecordings ? (await readRecordings(knownRecordings)).filter((each) => each.vendor === vendor) : []
}
