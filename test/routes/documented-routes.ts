import type { Api } from '../support/api.ts'

/** As much of JSON Schema as the document uses. */
export type Schema = {
  $ref?: string
  type?: string
  description?: string
  const?: unknown
  anyOf?: Schema[]
  format?: string
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  minimum?: number
  minProperties?: number
  required?: string[]
  properties?: Record<string, Schema>
  items?: Schema
}
export type Parameter = {
  name: string
  in: 'path' | 'query'
  description?: string
  required?: boolean
  schema: Schema
  examples?: Record<string, { value: unknown }>
  example?: unknown
}
export type DocumentedResponse = {
  description: string
  headers?: Record<string, object>
  content?: Record<string, { schema: Schema }>
}
export type Operation = {
  operationId: string
  tags: string[]
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  security?: object[]
  responses: Record<string, DocumentedResponse>
}
export type OpenApi = {
  openapi: string
  tags: { name: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> }
}

export type DocumentedRoute = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  operation: Operation
  pathParameters: readonly Parameter[]
  queryParameters: readonly Parameter[]
  body: Schema | undefined
  isGuarded: boolean
  /** An address of it, right in everything that is not given. */
  url(path?: Record<string, string>, query?: Record<string, string>): string
  /** The least that may be sent, right in everything. */
  leastBody(): Record<string, unknown> | undefined
}

/** The document that the server gives of itself. */
export async function documentOf(api: Api): Promise<OpenApi> {
  return (await api.get('/openapi.json')).json() as OpenApi
}

/** Every route in it, but those whose answers do not end. */
export function routesOf(document: OpenApi): DocumentedRoute[] {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation }))
  )
  return operations.filter(({ operation }) => !isEndless(operation)).map(routeOf)
}

function isEndless({ responses }: Operation): boolean {
  return responses['101'] !== undefined || responses['200']?.content?.['text/event-stream'] !== undefined
}

function routeOf({ path, method, operation }: { path: string; method: string; operation: Operation }): DocumentedRoute {
  const { parameters = [], requestBody, security } = operation
  const pathParameters = parameters.filter((parameter) => parameter.in === 'path')
  const queryParameters = parameters.filter((parameter) => parameter.in === 'query')
  const needed = queryParameters.filter(({ required }) => required)
  const body = requestBody?.content['application/json']?.schema
  return {
    method: method.toUpperCase() as DocumentedRoute['method'],
    path,
    operation,
    pathParameters,
    queryParameters,
    body,
    isGuarded: security !== undefined,
    url(given = {}, query = {}) {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        return given[name] ?? String(valueOf(pathParameters.find((each) => each.name === name)!))
      })
      const asked = { ...Object.fromEntries(needed.map((each) => [each.name, String(valueOf(each))])), ...query }
      const text = Object.entries(asked).map(([name, value]) => `${name}=${value}`)
      return text.length > 0 ? `${filled}?${text.join('&')}` : filled
    },
    leastBody() {
      if (!body) return undefined
      const names = body.required ?? Object.keys(body.properties!).slice(0, body.minProperties)
      return Object.fromEntries(names.map((name) => [name, sampleOf(body.properties![name]!)]))
    }
  }
}

function valueOf({ example, examples, schema }: Parameter): unknown {
  return example ?? Object.values(examples ?? {})[0]?.value ?? sampleOf(schema)
}

function sampleOf({ examples, enum: allowed, default: initial, type, format, minimum, items }: Schema): unknown {
  const known = examples?.[0] ?? initial ?? allowed?.[0]
  if (known !== undefined) return known
  if (type === 'array') return [sampleOf(items!)]
  if (type === 'integer' || type === 'number') return minimum ?? 1
  if (type === 'boolean') return true
  return format === 'uuid' ? '00000000-0000-4000-8000-000000000000' : 'x'
}
