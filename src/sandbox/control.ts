import type { IncomingMessage } from 'node:http'
import { MAX_BODY_BYTES, readBody } from './request-body.ts'
import type { Exchange } from './exchange.ts'
import type { RequestLog } from './request-log.ts'
import { parseScenario, ScenarioError, type Scenarios } from './scenarios.ts'
import { json, VENDOR_NAMES, type VendorAnswer } from './vendors/vendor.ts'

export type ControlContext = {
  incoming: IncomingMessage
  url: URL
  scenarios: Scenarios
  requests: RequestLog
  exchange: Exchange
  send: (answer: VendorAnswer) => void
}

/** What is not a vendor's: `/control` (GET, POST, DELETE, DELETE /control/:id) and a word about the sandbox at `/`. */
export function answerControl(context: ControlContext): void {
  const { incoming, url, scenarios, requests, exchange, send } = context
  const [, root, id] = url.pathname.split('/')
  if (root === '') {
    const { instruments, seed } = exchange
    return send(
      json({ market: 'sandbox', seed, instruments: instruments.length, vendors: VENDOR_NAMES, control: '/control' })
    )
  }
  if (root !== 'control') return send(problem(404, `There is nothing at ${url.pathname}`))
  switch (incoming.method) {
    case 'GET':
      return send(json({ scenarios: scenarios.list(), requests }))
    case 'DELETE':
      if (!id) requests.clear()
      if (scenarios.end(id ? Number(id) : undefined) || !id) return send(json({ scenarios: scenarios.list() }))
      return send(problem(404, `There is no scenario ${id}`))
    case 'POST':
      return readBody(incoming, (text) => send(added(scenarios, text)))
    default:
      return send(problem(405, 'Use GET, POST or DELETE'))
  }
}

function added(scenarios: Scenarios, text: string | undefined): VendorAnswer {
  if (text === undefined) return problem(413, `The body is longer than ${MAX_BODY_BYTES} bytes`)
  try {
    return json(scenarios.add(parseScenario(parsed(text))), 201)
  } catch (error) {
    if (error instanceof ScenarioError) return problem(400, error.message)
    throw error
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ScenarioError('The body must be a JSON object')
  }
}

function problem(status: number, message: string): VendorAnswer {
  return json({ error: message }, status)
}
