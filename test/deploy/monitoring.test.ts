import { existsSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWorld, type ApiWorld } from '../support/api.ts'
import { hasProgram, runProgram } from './programs.ts'
import { readYaml } from './yaml.ts'

type Rule = {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; description?: string }
}
type Panel = { id: number; type: string; title: string; targets?: { expr: string }[]; gridPos: Record<string, number> }
type Scrape = { job_name: string; dns_sd_configs: { names: string[]; type: string; port: number }[] }

const RULE_KEYS = ['alert', 'expr', 'for', 'labels', 'annotations']
const DURATION = /^\d+[smh]$/
/** Prometheus's own, about what it scrapes. */
const OF_PROMETHEUS = ['up']
const WORDS_OF_PROMQL = new Set(
  (
    'absent by histogram_quantile increase le max min on or rate sum topk unless vector without and ignoring ' +
    'group_left clamp_min'
  ).split(' ')
)

const { groups } = readYaml('deploy/prometheus/alerts.yml') as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap((group) => group.rules)
const prometheus = readYaml('deploy/prometheus/prometheus.yml') as { rule_files: string[]; scrape_configs: Scrape[] }
const dashboard = JSON.parse(readFileSync('deploy/grafana/dashboards/quotewire.json', 'utf8')) as { panels: Panel[] }
const queries = dashboard.panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr)

let world: ApiWorld
/** What Prometheus gets to store from an API process, a histogram's three names included. */
let known: Set<string>

beforeAll(async () => {
  world = await startWorld()
  const api = await world.startApi()
  const { body } = await api.get('/metrics')
  const names = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name!]
  )
  known = new Set([...names, ...OF_PROMETHEUS])
})
afterAll(() => world.close())

/** What is left of an expression without labels, strings, ranges and the language's own words. */
function namesIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/\{[^}]*\}/g, '')
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\b(?:by|without|on|ignoring)\s*\([^)]*\)/g, '')
  return [...bare.matchAll(/[a-z_][\w:]*/gi)].map(([name]) => name).filter((name) => !WORDS_OF_PROMQL.has(name))
}

describe('Prometheus', () => {
  test('scrapes the containers there are, at the port they listen on', () => {
    const { services } = readYaml('docker-compose.yml') as {
      services: Record<string, { environment: Record<string, number> }>
    }
    const scraped = prometheus.scrape_configs.flatMap((scrape) => scrape.dns_sd_configs)
    expect(scraped.map(({ names }) => names)).toEqual([['api'], ['jobs'], ['ingest'], ['persist']])
    expect(scraped.map(({ port }) => port)).toEqual([
      services.api!.environment.PORT,
      services.jobs!.environment.METRICS_PORT,
      services.ingest!.environment.METRICS_PORT,
      services.persist!.environment.METRICS_PORT
    ])
    for (const file of prometheus.rule_files) expect(existsSync(`deploy/prometheus/${file}`)).toBe(true)
  })

  test('has rules of the right shape, each alert once', () => {
    for (const rule of rules) {
      expect(RULE_KEYS, rule.alert).toEqual(expect.arrayContaining(Object.keys(rule)))
      expect(['warning', 'critical'], rule.alert).toContain(rule.labels.severity)
      expect(rule.annotations.summary, rule.alert).toMatch(/\S/)
      if (rule.for !== undefined) expect(rule.for, rule.alert).toMatch(DURATION)
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })

  test('alerts on metrics that exist', () => {
    const unknown = rules.flatMap(({ expr }) => namesIn(expr)).filter((name) => !known.has(name))
    expect(unknown).toEqual([])
    expect(rules.length).toBeGreaterThan(10)
  })

  const promtool = hasProgram('promtool', '--version')
  test.skipIf(!promtool)('accepts its configuration and rules (skipped where promtool is not installed)', () => {
    expect(runProgram('promtool', ['check', 'config', 'prometheus.yml'], 'deploy/prometheus')).toContain('SUCCESS')
  })

  test.skipIf(!promtool)('alerts when it should, and not before (skipped where promtool is not installed)', () => {
    expect(runProgram('promtool', ['test', 'rules', 'alerts.yml'], 'test/deploy')).toContain('SUCCESS')
  })
})

describe('the dashboard', () => {
  test('draws metrics that exist', () => {
    expect(queries.flatMap(namesIn).filter((name) => !known.has(name))).toEqual([])
    expect(queries.length).toBeGreaterThan(20)
  })

  test('gives each panel a place of its own', () => {
    const cells = new Set<string>()
    for (const { title, gridPos } of dashboard.panels) {
      const { x = 0, y = 0, w = 0, h = 0 } = gridPos
      expect(x + w, title).toBeLessThanOrEqual(24)
      for (let column = x; column < x + w; column++) {
        for (let line = y; line < y + h; line++) {
          expect(cells.has(`${column}:${line}`), `${title} lies on another panel`).toBe(false)
          cells.add(`${column}:${line}`)
        }
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  })

  test('asks the data source that is provisioned', () => {
    const { datasources } = readYaml('deploy/grafana/provisioning/datasources/prometheus.yml') as {
      datasources: { uid: string }[]
    }
    const asked = JSON.stringify(dashboard).matchAll(/"datasource":\{"type":"prometheus","uid":"(\w+)"\}/g)
    expect(new Set([...asked].map(([, uid]) => uid))).toEqual(new Set(datasources.map(({ uid }) => uid)))
  })
})
