import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { zstdCompressSync } from 'node:zlib'
import { expect, onTestFinished, test, vi } from 'vitest'
import { findRedis, locateRedis } from '../../src/embedded/redis-binaries.ts'
import { pinnedArchive, unpackPinned } from '../../src/embedded/redis-download.ts'
import { privateFolder } from '../support/folders.ts'

const run = promisify(execFile)
const TOOLS = ['sh', 'tar', 'gzip', 'cp']
/** Says its version, as the real one does when it is looked at. */
const SERVER = '#!/bin/sh\necho Valkey server v=9\n'

async function program(path: string, script: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, script)
  await chmod(path, 0o755)
}

/** A machine that has these scripts as programs, and beside them only what unpacks archives. */
async function machineWith(scripts: Record<string, string>): Promise<string> {
  const folder = await privateFolder()
  for (const name of TOOLS) {
    const { stdout } = await run('sh', ['-c', `command -v ${name}`])
    await symlink(stdout.trim(), join(folder, name))
  }
  await Promise.all(Object.entries(scripts).map(([name, script]) => program(join(folder, name), script)))
  vi.stubEnv('PATH', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  return folder
}

/** A gzipped tar archive with a server at `path`. */
async function archiveWith(path: string): Promise<string> {
  const folder = await privateFolder()
  await program(join(folder, 'tree', path), SERVER)
  const file = join(folder, 'archive.tgz')
  await run('tar', ['-czf', file, '-C', join(folder, 'tree'), '.'])
  return file
}

async function fileServer(files: Record<string, Buffer>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const file = files[url]
    response.writeHead(file ? 200 : 404).end(file)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('Alpine: the package that apk fetches is unpacked, without its C library', async () => {
  const home = await privateFolder()
  const [server, musl] = await Promise.all([archiveWith('usr/bin/valkey-server'), archiveWith('lib/ld-musl.so')])
  const asked = join(home, 'asked')
  await machineWith({
    apk: `#!/bin/sh\necho "$@" > ${asked}\ncp ${server} "$5/valkey-9.0.7-r0.apk"\ncp ${musl} "$5/musl-1.2.5-r9.apk"\n`
  })
  const { program: found, libraries } = await findRedis(home)
  expect(found).toBe(join(home, 'programs/redis/usr/bin/valkey-server'))
  expect(libraries).toEqual([])
  expect(await readFile(asked, 'utf8')).toMatch(/^fetch --no-cache --recursive --output \S+ valkey\n$/)
  expect(await locateRedis(home)).toMatchObject({ program: found })
})

test('Fedora: the packages that dnf downloads are unpacked, and their libraries found', async () => {
  const home = await privateFolder()
  const [server, library] = await Promise.all([archiveWith('usr/bin/valkey-server'), archiveWith('usr/lib64/libx.so')])
  await machineWith({
    dnf: `#!/bin/sh\ncp ${server} "$4/valkey-8.rpm"\ncp ${library} "$4/libx-1.rpm"\n`,
    rpm2archive: '#!/bin/sh\ncp "$1" "$1.tgz"\n'
  })
  const { program: found, libraries } = await findRedis(home)
  const root = join(home, 'programs/redis')
  expect({ found, libraries }).toEqual({
    found: join(root, 'usr/bin/valkey-server'),
    libraries: [join(root, 'usr/lib64')]
  })
})

test('a server that npm brought goes before any that must be fetched', async () => {
  const project = await privateFolder()
  const name = `@quotewire/valkey-${process.platform}-${process.arch}`
  const folder = join(project, 'node_modules', name)
  await program(join(folder, 'native/bin/valkey-server'), SERVER)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '9.0.0' }))
  await machineWith({})
  const found = await findRedis(await privateFolder(), { packagesOf: join(project, 'index.js') })
  expect(found.program).toBe(join(folder, 'native/bin/valkey-server'))
})

test('where nothing else gives a server, the builds for usual systems are pinned', () => {
  for (const system of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']) {
    const [platform = '', arch = ''] = system.split('-')
    expect(pinnedArchive(platform, arch)).toMatchObject({
      path: expect.stringMatching(new RegExp(`^valkey-.*-${system}\\.tar\\.zstd$`)) as string,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string
    })
  }
  expect(pinnedArchive('win32', 'x64')).toBeUndefined()
})

test('a download that is the pinned one is unpacked; another one is refused before it is looked into', async () => {
  const folder = await privateFolder()
  await program(join(folder, 'tree/bin/valkey-server'), SERVER)
  await run('tar', ['-cf', join(folder, 'archive.tar'), '-C', join(folder, 'tree'), '.'])
  const bytes = zstdCompressSync(await readFile(join(folder, 'archive.tar')))
  const url = await fileServer({ '/builds/valkey.tar.zstd': bytes })
  const sha256 = createHash('sha256').update(bytes).digest('hex')

  const right = { root: join(folder, 'right'), workspace: folder }
  await mkdir(right.root)
  await unpackPinned(`${url}/builds/`, { path: 'valkey.tar.zstd', sha256 }, right)
  expect(await readdir(join(right.root, 'bin'))).toEqual(['valkey-server'])

  const wrong = { root: join(folder, 'wrong'), workspace: folder }
  await mkdir(wrong.root)
  const pinned = { path: 'valkey.tar.zstd', sha256: '0'.repeat(64) }
  await expect(unpackPinned(`${url}/builds`, pinned, wrong)).rejects.toThrow('is not the file that was pinned')
  await expect(unpackPinned(url, { path: 'gone', sha256 }, wrong)).rejects.toThrow('/gone answers 404')
  expect(await readdir(wrong.root)).toEqual([])
})

test('a mirror that has other files than the pinned ones gives no server, and the reasons are told', async () => {
  const { path } = pinnedArchive(process.platform, process.arch) ?? { path: 'none' }
  const url = await fileServer({ [`/${path}`]: Buffer.from('another server') })
  const home = await privateFolder()
  await machineWith({ dnf: '#!/bin/sh\necho "No match for argument: valkey" >&2\nexit 1\n' })
  const refused = findRedis(home, { downloadBaseUrl: url })
  await expect(refused).rejects.toThrow(/apt-get: this system has no apt-get\n\s+apk: this system has no apk/)
  await expect(refused).rejects.toThrow('dnf: No match for argument: valkey')
  await expect(refused).rejects.toThrow(/download: \S+ is not the file that was pinned/)
  expect(await readdir(join(home, 'programs'))).toEqual([])
})
