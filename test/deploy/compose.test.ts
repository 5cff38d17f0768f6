import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Environment } from '../../src/config/environment.ts'
import { privateFolder } from '../support/folders.ts'
import { hasProgram, runProgram } from './programs.ts'
import { readYaml } from './yaml.ts'

type Service = {
  image?: string
  command?: string[] | string
  ports?: string[]
  volumes?: string[]
  environment?: Record<string, string>
  restart?: string
  healthcheck?: { test?: string[]; disable?: boolean }
  networks: string[]
  profiles?: string[]
  deploy?: { replicas: number }
}

const text = readFileSync('docker-compose.yml', 'utf8')
const { services, networks, volumes } = readYaml('docker-compose.yml') as {
  services: Record<string, Service>
  networks: Record<string, { internal?: boolean } | null>
  volumes: Record<string, null>
}
const ours = Object.entries(services).filter(([, { image }]) => image === 'quotewire')
const example = readFileSync('deploy/compose.env.example', 'utf8')
const isComposeThere = hasProgram('docker', 'compose', 'version')

describe('the containers', () => {
  test('leave nothing open but the proxy, Grafana and the viewer of topics, and these to this machine only', () => {
    const published = Object.entries(services).filter(([, { ports }]) => ports)
    expect(published.map(([name]) => name)).toEqual(['proxy', 'kafka-ui', 'grafana'])
    for (const port of published.flatMap(([, { ports }]) => ports!)) {
      expect(port).toMatch(/^(127\.0\.0\.1|\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}):/)
    }
  })

  test('keep the data services out of reach of the proxy and of the world', () => {
    expect(networks.data).toEqual({ internal: true })
    for (const name of ['postgres', 'redis-queue', 'redis-log', 'redis-cache', 'kafka'])
      expect(services[name]!.networks).toEqual(['data'])
    for (const name of ['proxy', 'grafana', 'prometheus', 'sandbox']) {
      expect(services[name]!.networks).toEqual(['front'])
    }
  })

  test('hold no secret: each must be given', () => {
    const secrets = [...text.matchAll(/^\s+(\w*(?:PASSWORD|SECRET)): (.*)$/gm)].filter(
      ([, , value]) => value![0] !== "'"
    )
    expect(secrets.length).toBeGreaterThanOrEqual(3)
    for (const [line, , value] of secrets) expect(value, line).toMatch(/^\$\{\w+:\?/)
    expect(text.match(/:\/\/\w+:(?!\$\{POSTGRES_PASSWORD:\?|\d+\b)/g)).toBeNull()
  })

  test('run programs that exist, with settings that Quotewire knows', () => {
    expect(ours.map(([name]) => name)).toEqual(['api', 'jobs', 'ingest', 'persist', 'migrate', 'sandbox'])
    for (const [, { command, environment }] of ours) {
      expect(existsSync(command![0]!), command![0]).toBe(true)
      const known = [...Object.keys(Environment.properties), 'HEALTH_URL', 'GRAFANA_ADMIN_PASSWORD']
      expect(known).toEqual(expect.arrayContaining(Object.keys(environment!)))
    }
    expect(services.api!.deploy).toEqual({ replicas: 2 })
  })

  test('come back after a crash, and say whether they are well', () => {
    for (const [name, { restart, healthcheck, image }] of Object.entries(services)) {
      if (name === 'migrate') continue
      expect(restart, name).toBe('unless-stopped')
      if (image !== 'quotewire') expect(healthcheck?.test, name).toBeDefined()
    }
    expect(services.migrate).toMatchObject({ restart: 'no', healthcheck: { disable: true } })
  })

  test('let the cache evict and the queues never, which also survive a restart', () => {
    expect(services['redis-cache']!.command).toMatch(/--maxmemory \S+ --maxmemory-policy allkeys-lru/)
    for (const role of ['queue', 'log']) {
      expect(services[`redis-${role}`]!.command).toMatch(/--maxmemory-policy noeviction\s+--appendonly yes/)
      expect(services[`redis-${role}`]!.volumes).toEqual([`redis-${role}-data:/data`])
    }
  })

  test('start no Kafka unless its profile is asked for, and keep what it holds', () => {
    expect(services['kafka']!.profiles).toEqual(['kafka'])
    expect(services['kafka-ui']!.profiles).toEqual(['kafka'])
    const { KAFKA_LOG_DIRS, KAFKA_ADVERTISED_LISTENERS } = services['kafka']!.environment!
    expect(services['kafka']!.volumes).toEqual([`kafka-data:${KAFKA_LOG_DIRS}`])
    expect(text).toContain(`KAFKA_BROKERS: \${KAFKA_BROKERS:-${KAFKA_ADVERTISED_LISTENERS!.split('//')[1]}}`)
  })

  test('mount what the repository has', () => {
    for (const volume of Object.values(services).flatMap((service) => service.volumes ?? [])) {
      const [source = ''] = volume.split(':')
      expect(source.startsWith('.') ? existsSync(source) : source in volumes, volume).toBe(true)
    }
  })

  test('ask for no variable that is not explained', () => {
    const asked = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name!))
    const explained = new Set([...example.matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name]) => name!))
    explained.delete('COMPOSE_PROFILES') // read by docker compose itself
    expect(asked).toEqual(explained)
  })

  test.skipIf(!isComposeThere)('are what docker compose understands (skipped where it is not installed)', async () => {
    const folder = await privateFolder()
    for (const path of ['docker-compose.yml', 'Dockerfile', 'deploy'])
      cpSync(path, join(folder, path), { recursive: true })
    writeFileSync(join(folder, '.env'), example.replaceAll(/^(\w+)=$/gm, '$1=0123456789abcdef0123456789abcdef'))
    const names = runProgram('docker', ['compose', '--profile', '*', 'config', '--services'], folder).trim().split('\n')
    expect(new Set(names)).toEqual(new Set(Object.keys(services)))
  })
})
