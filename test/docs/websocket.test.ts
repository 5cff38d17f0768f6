import { globSync, readFileSync } from 'node:fs'
import { Compile } from 'typebox/compile'
import { expect, test } from 'vitest'
import { asyncApi } from '../../src/hub/async-api.ts'
import { CloseCode } from '../../src/hub/close-codes.ts'
import { Limits, MAX_CONFLATE_MS } from '../../src/hub/protocol.ts'

type Schema = { properties?: Record<string, Schema>; anyOf?: Schema[]; const?: string }

/** Whole values, which REST documents. */
const AS_REST_GIVES_THEM = ['indices_update', 'sectors_update', 'movers_update', 'sentiment_update', 'market_status']
/** Between processes or in answers of REST. */
const NOT_IN_FRAMES = ['UPGRADE_REQUIRED', 'NO_QUOTE']

const text = readFileSync('docs/websocket.md', 'utf8')
const frames = Object.values(asyncApi.components.messages).map(({ payload }) => payload as Schema)
const isMissing = (name: string) => !text.includes(`\`${name}\``)

function fieldsOf({ properties = {}, anyOf = [] }: Schema): string[] {
  return [...Object.keys(properties), ...anyOf.flatMap(fieldsOf)]
}

test('docs/websocket.md names every frame and every field of its data', () => {
  const types = frames.map(({ properties }) => properties!.type!.const!)
  expect(types.filter(isMissing)).toEqual([])
  const fields = frames
    .filter(({ properties }) => !AS_REST_GIVES_THEM.includes(properties!.type!.const!))
    .flatMap(({ properties }) => fieldsOf(properties!.data ?? {}))
  expect(fields.length).toBeGreaterThan(40)
  expect(fields.filter(isMissing)).toEqual([])
})

test('docs/websocket.md names every code, close code and limit', () => {
  const sources = globSync('src/{hub,playback}/*.ts').map((file) => readFileSync(file, 'utf8'))
  const codes = sources.flatMap((source) => [...source.matchAll(/'([A-Z]+_[A-Z_]+)'/g)].map(([, code]) => code!))
  expect(codes.length).toBeGreaterThan(15)
  expect(codes.filter((code) => isMissing(code) && !NOT_IN_FRAMES.includes(code))).toEqual([])
  const ends = Object.values(CloseCode).map(({ code }) => code)
  expect(ends.filter((code) => !text.includes(`| ${code} `))).toEqual([])
  expect(Object.keys(Limits.properties).filter(isMissing)).toEqual([])
  expect(text).toContain(`\`conflateMs\` (0 to ${MAX_CONFLATE_MS})`)
})

test.each(Object.entries(asyncApi.components.messages))(
  'the example of %s in /asyncapi.json is a frame that its shape admits',
  (_name, { payload, examples }) => {
    expect(Compile(payload as never).Errors(examples[0]!.payload)).toEqual([])
  }
)
