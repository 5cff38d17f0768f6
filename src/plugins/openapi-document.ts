import { PRINTABLE } from './validation.ts'

type Value = { type?: string; default?: unknown; enum?: unknown; format?: string; pattern?: string }
type Schema = { required?: string[]; properties?: Record<string, Value> }
type Content = Record<string, { schema: Schema }>
type Response = { description: string; headers?: Record<string, object>; content?: object }
type Operation = {
  parameters?: { in: string; required?: boolean; schema: Value }[]
  requestBody?: { content: Content }
  security?: object[]
  responses: Record<string, Response>
}
type Document = { paths?: Record<string, Record<string, Operation>>; components?: object }

const ERROR_CONTENT = { 'application/json': { schema: { $ref: '#/components/schemas/ErrorBody' } } }
const header = (type: 'string' | 'integer', description: string) => ({ description, schema: { type } })

/** What a status means, wherever a route says nothing of its own. */
const DESCRIPTIONS: Record<string, string> = {
  200: 'What was asked for',
  201: 'Made',
  202: 'Taken in, to be done',
  400: 'The request is wrong; `details.field` names what, and `details.allowed` what would be right',
  401: 'There is no API key and no token, or it does not count (any more); `message` says what is wrong with it',
  403: 'The key or token lacks the scope that `details.missingScope` names',
  404: 'There is no such thing; of symbols `details.suggestions` names near matches',
  409: 'It is in a state in which this cannot be done',
  413: 'The body is too large',
  415: 'The body is not JSON',
  426: 'This address speaks WebSocket',
  429: 'Too many requests; Retry-After says when to come back',
  500: 'The server failed; its log has the reason under the request id',
  503: 'It cannot be had now; `details.attempts` says what was tried, Retry-After when to come back'
}
const ANY_ROUTE = ['500']
const GUARDED_ROUTE = ['400', '503']
const ROUTE_WITH_BODY = ['400', '413', '415']

/** Every header that answers carry, described once. */
const HEADERS = {
  'RateLimit-Limit': header('integer', 'Requests that fit into a minute'),
  'RateLimit-Remaining': header('integer', 'Requests that may be sent at once'),
  'RateLimit-Reset': header('integer', 'Seconds until all of them may be sent again'),
  ETag: header('string', 'Names these bytes; sent back as If-None-Match they are not sent again'),
  'Cache-Control': header('string', '`max-age` counts from when a provider gave the value'),
  Age: header('integer', 'Seconds of `max-age` that are over'),
  'WWW-Authenticate': header('string', 'Bearer'),
  'Retry-After': header('integer', 'Seconds'),
  'X-Request-Id': header('string', "The client's own where it sent one")
}
const references = (...names: (keyof typeof HEADERS)[]) =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]))
const LIMITS = references('RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset')
const CACHED = references('ETag', 'Cache-Control', 'Age')
const OF_STATUS: Record<string, object> = {
  401: references('WWW-Authenticate'),
  429: references('Retry-After'),
  503: references('Retry-After')
}
const REQUEST_ID = references('X-Request-Id')
/** Statuses that are answered before anybody knows who asks. */
const BEFORE_THE_LIMIT = new Set(['101', '401', '413', '415'])

/**
 * Adds to the generated document what holds for routes of a kind: the errors that any of them can answer, what their
 * statuses mean, their headers, and of which characters texts are. What has a default need not be sent, which the generator
 * takes for required.
 */
export function completeDocument(documented: object): Document {
  const { openapiObject } = documented as { openapiObject: Document }
  for (const [method, operation] of Object.values(openapiObject.paths ?? {}).flatMap((item) => Object.entries(item))) {
    relieve(operation)
    limitTexts(operation)
    addErrors(operation, method !== 'get')
    describe(operation)
  }
  openapiObject.components = { ...openapiObject.components, headers: HEADERS }
  return openapiObject
}

function relieve({ parameters = [], requestBody }: Operation): void {
  for (const parameter of parameters) {
    if (parameter.in === 'query' && parameter.schema.default !== undefined) parameter.required = false
  }
  for (const { schema } of Object.values(requestBody?.content ?? {})) {
    const required = schema.required?.filter((name) => schema.properties?.[name]?.default === undefined)
    if (required) schema.required = required
  }
}

/** What `validation` refuses in every text. */
function limitTexts({ parameters = [], requestBody }: Operation): void {
  const bodies = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
    Object.values(schema.properties ?? {})
  )
  for (const value of [...parameters.map(({ schema }) => schema), ...bodies]) {
    if (value.type === 'string' && value.format === undefined) value.pattern ??= PRINTABLE
  }
}

function addErrors({ security, responses }: Operation, mayHaveBody: boolean): void {
  const statuses = [...ANY_ROUTE, ...(security ? GUARDED_ROUTE : []), ...(mayHaveBody ? ROUTE_WITH_BODY : [])]
  for (const status of statuses) responses[status] ??= { description: '', content: ERROR_CONTENT }
}

function describe({ security, responses }: Operation): void {
  const isCached = responses['304'] !== undefined
  for (const [status, response] of Object.entries(responses)) {
    const own = response.description === 'Default Response' ? undefined : response.description
    response.description = own || DESCRIPTIONS[status] || status
    response.headers = {
      ...(isCached && (status === '200' || status === '304') && CACHED),
      ...(security && !BEFORE_THE_LIMIT.has(status) && LIMITS),
      ...(Number(status) >= 400 && { ...OF_STATUS[status], ...REQUEST_ID }),
      ...response.headers
    }
  }
}
