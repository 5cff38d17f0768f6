import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, launchServer, type ServerProcess } from '../../src/embedded/server-process.ts'
import { openDoor, type Door } from './door.ts'

/** The newest line that the client library supports. */
const VERSION = '4.2.2'
const OLDEST_JAVA = 17
/** Outlives a test run and a home: the programs take half a minute to fetch. */
const CACHE = `/var/tmp/quotewire-kafka-${VERSION}-${process.getuid?.() ?? 'user'}`
const FETCH_TIMEOUT_MS = 100_000

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>quotewire</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

export const SASL_USER = { username: 'ann', password: 'secret' }

/** Why no broker can be started here; undefined where one can. */
export const whyNoKafka = reasonAgainst() ?? (await reasonAgainstPrograms())

function reasonAgainst(): string | undefined {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0)
  if (version < OLDEST_JAVA) return `needs Java ${OLDEST_JAVA}`
  if (!existsSync(CACHE) && spawnSync('mvn', ['--version']).status !== 0) return 'needs Maven'
  return undefined
}

/** A machine may have Maven, and reach no repository. */
async function reasonAgainstPrograms(): Promise<string | undefined> {
  try {
    await fetchLibraries()
    return undefined
  } catch (error) {
    return `needs the programs of Kafka, which could not be fetched: ${(error as Error).message.split('\n')[0]}`
  }
}

/** A broker of Kafka on 127.0.0.1 that keeps its data until it is closed. Clients come to it through a door. */
export type KafkaBroker = {
  readonly door: Door
  /** Of the door, unless clients go past it. */
  readonly port: number
  /** Where clients show who they are: `SASL_USER`, by PLAIN. */
  readonly saslPort: number
  readonly pid: number
  /** The folder where it keeps its partitions. */
  readonly data: string
  start(): Promise<void>
  stop(): Promise<void>
  /** kill -9 */
  kill(): Promise<void>
  /** Stands still: connections stay, nothing is answered. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/**
 * Fetches the programs where they were not fetched before, and starts a broker whose data lie in a folder. `isDirect`: clients
 * go past the door, for who measures.
 */
export async function startKafka(
  folder: string,
  { javaOptions = QUICK_START, isDirect = false } = {}
): Promise<KafkaBroker> {
  const libraries = await fetchLibraries()
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  const door = await openDoor()
  const [port, controllerPort, saslPort] = [await freePort(), await freePort(), await freePort()]
  const clientPort = isDirect ? port : door.port
  const settings = join(folder, 'server.properties')
  await writeFile(settings, settingsOf({ port, controllerPort, clientPort, saslPort, data }))
  // What formatting the storage comes to.
  await writeFile(join(data, 'meta.properties'), 'version=1\ncluster.id=quotewire-test\nnode.id=1\n')
  const launch = () =>
    launchServer({
      name: 'Kafka',
      command: 'java',
      args: [...javaOptions, '-cp', join(libraries, '*'), 'kafka.Kafka', settings],
      cwd: folder,
      logFile: join(folder, 'kafka.log'),
      stopSignal: 'SIGTERM',
      killSignal: 'SIGKILL',
      isReady: (log) => log.includes('Kafka Server started')
    })
  let server: ServerProcess = await launch()
  door.moveTo(port)
  return {
    door,
    port: clientPort,
    saslPort,
    data,
    get pid() {
      return server.pid
    },
    async start() {
      server = await launch()
    },
    stop: () => server.stop(),
    async kill() {
      server.kill()
      await server.exited
    },
    freeze: () => void process.kill(server.pid, 'SIGSTOP'),
    thaw: () => void process.kill(server.pid, 'SIGCONT'),
    async close() {
      door.close()
      server.kill()
      await server.exited
    }
  }
}

/** Quick to start: it does not run for long. */
const QUICK_START = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

type Settings = Record<'port' | 'controllerPort' | 'clientPort' | 'saslPort', number> & { data: string }

function settingsOf({ port, controllerPort, clientPort, saslPort, data }: Settings): string {
  return `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort},SASL_PLAINTEXT://127.0.0.1:${saslPort}
advertised.listeners=PLAINTEXT://127.0.0.1:${clientPort},SASL_PLAINTEXT://127.0.0.1:${saslPort}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_${SASL_USER.username}="${SASL_USER.password}";
controller.quorum.voters=1@127.0.0.1:${controllerPort}
log.dirs=${data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
# A broker that was killed is not taken back before its session ends.
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
log.segment.delete.delay.ms=0
`
}

/** The folder of the programs. Fetched by one process, also where several begin at once. */
async function fetchLibraries(): Promise<string> {
  const libraries = join(CACHE, 'libraries')
  if (existsSync(libraries)) {
    const { uid } = await stat(CACHE)
    if (process.getuid && uid !== process.getuid()) throw new Error(`${CACHE} belongs to somebody else`)
    return libraries
  }
  const folder = await mkdtemp(`${CACHE}-`)
  await writeFile(join(folder, 'pom.xml'), POM)
  const copy = [
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${join(folder, 'libraries')}`
  ]
  const options = ['-q', '-B', '-f', join(folder, 'pom.xml'), `-Dmaven.repo.local=${join(folder, 'repository')}`]
  await promisify(execFile)('mvn', [...options, ...copy], { cwd: dirname(folder), timeout: FETCH_TIMEOUT_MS })
  await rm(join(folder, 'repository'), { recursive: true })
  // Another one may have been faster.
  await rename(folder, CACHE).catch(() => rm(folder, { recursive: true }))
  return libraries
}
