import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { yahoo } from '../../src/providers/yahoo/yahoo.ts'
import { knownRecordings } from '../support/known-recordings.ts'
import { shippedHours } from '../support/hours.ts'

const FOLDER = join(knownRecordings ?? '', 'yahoo')
export const hasRecordings = knownRecordings !== undefined
export const signal = new AbortController().signal

export type Reply = { status?: number; type?: string; body?: string | Buffer; headers?: Record<string, string> }
/** What to answer by path prefix; the first prefix that fits is asked. */
export type Replies = Record<string, Reply | ((request: IncomingMessage, url: URL) => Reply | Promise<Reply>)>

/** A server in place of all of Yahoo's hosts: it grants sessions, and answers the rest as told. Ends with the test. */
export async function standIn(replies: Replies, options: { timeoutMs?: number; now?: () => number } = {}) {
  const asked: string[] = []
  const all: Replies = {
    ...replies,
    '/quote/AAPL': COOKIES,
    '/v1/test/getcrumb': replies['/v1/test/getcrumb'] ?? CRUMB
  }
  const server = createServer((request, response) => void answer(request, response))
  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, 'http://stand-in')
    asked.push(request.url!)
    const reply = Object.entries(all).find(([prefix]) => decodeURIComponent(url.pathname).startsWith(prefix))?.[1]
    const { status, type, body, headers } =
      typeof reply === 'function' ? await reply(request, url) : (reply ?? { status: 404, type: 'text/html' })
    response.writeHead(status ?? 200, { 'content-type': type ?? 'application/json;charset=utf-8', ...headers })
    response.end(body ?? '')
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const provider = yahoo({
    hoursOf: shippedHours,
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    timeoutMs: options.timeoutMs ?? 5000,
    ...(options.now && { now: options.now })
  })
  onTestFinished(async () => {
    await provider.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { provider, asked, count: (prefix: string) => asked.filter((path) => path.startsWith(prefix)).length }
}

export const COOKIES: Reply = {
  type: 'text/html',
  body: '<html></html>',
  headers: { 'set-cookie': 'A3=d=AQAB; Max-Age=31557600; Domain=.yahoo.com; Path=/; Secure; HttpOnly' }
}
export const CRUMB: Reply = { type: 'text/plain;charset=utf-8', body: 'AbC/.fGhIjK' }

export function json(value: unknown, status = 200): Reply {
  return { status, body: JSON.stringify(value) }
}

export type Recording = { file: string; need: string; url: URL; status: number; type: string; text: string }

/** Every recording of one need, with the status and content type that it was recorded with. */
export function recordings(need: string): Recording[] {
  const folder = join(FOLDER, need)
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.meta.json'))
    .map((name) => {
      const meta = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
        bodyFile: string
        url: string
        status: number
        headers?: Record<string, string>
      }
      const isJson = meta.bodyFile.endsWith('.json')
      return {
        file: meta.bodyFile,
        need,
        url: new URL(meta.url),
        status: meta.status,
        type: meta.headers?.['content-type'] ?? (isJson ? 'application/json' : 'text/html'),
        text: readFileSync(join(folder, meta.bodyFile), 'utf8')
      }
    })
}

export function recording(need: string, file: string): Recording {
  const found = recordings(need).find((candidate) => candidate.file === file)
  if (!found) throw new Error(`no recording ${need}/${file}`)
  return found
}

/** Serves one recording at its own path, and nothing else but the session. */
export function replay(of: Recording, options: { now?: () => number } = {}) {
  const reply = { status: of.status, type: of.type, body: of.text }
  return standIn({ [decodeURIComponent(of.url.pathname)]: reply }, options)
}

export function wireOf(of: Recording): unknown {
  return JSON.parse(of.text)
}
