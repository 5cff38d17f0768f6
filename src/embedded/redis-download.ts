import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { constants, zstdDecompress } from 'node:zlib'
import { fetch } from 'undici'
import type { FindOptions, RedisSource } from './redis-source.ts'

/** Builds of Valkey by the author of GitHub's set-up action for Redis; the publisher's own have none for macOS. */
const BASE_URL = 'https://github.com/shogo82148/build-redis/releases/download'
const RELEASE = 'valkey-9.1.1-20260722102317'
const VERSION = 'valkey-9.1.1'
/** Of each system's archive, as its publisher lists them. */
const SHA256: Record<string, string> = {
  'darwin-arm64': 'b37de4d9ccc6b8d8bfccec2eb36d3c0b4f045e27b6354a3d7f0bd1ca6286ff4d',
  'darwin-x64': '7bfafea2c1a828014f1f8856617fb642106ca2e1e2f9d08b600c060fd184fb9c',
  'linux-arm64': 'f96a593345011c2557ca5c5f84e3d8bb2f03ac2d65fc90b7fefd2fa27f98b6d9',
  'linux-x64': 'ad6c88d0c5db458be58dc6204010e1eefc3460985856e293e5d10b7cd948d947'
}
const DOWNLOAD_TIMEOUT_MS = 180_000
/** Ten times the size of the published archives. */
const MAX_ARCHIVE_BYTES = 200_000_000
/** The archives are made with a window of this many bits, which is beyond what zstd takes unasked. */
const WINDOW_BITS = 30

const run = promisify(execFile)
const decompress = promisify(zstdDecompress)

export type PinnedArchive = { readonly path: string; readonly sha256: string }

/** The archive for a system (`process.platform`, `process.arch`), below the base URL; undefined where none is published. */
export function pinnedArchive(platform: string, arch: string): PinnedArchive | undefined {
  const sha256 = SHA256[`${platform}-${arch}`]
  return sha256 === undefined ? undefined : { path: `${RELEASE}/${VERSION}-${platform}-${arch}.tar.zstd`, sha256 }
}

/** Rejects where this system has no build, where it cannot be had, and where it is not the one that was pinned. */
export async function downloadRedis(
  { root, workspace }: Parameters<RedisSource['fetch']>[0],
  { downloadBaseUrl = BASE_URL, signal }: FindOptions
): Promise<void> {
  const archive = pinnedArchive(process.platform, process.arch)
  if (!archive) throw new Error(`no build is known for ${process.platform} ${process.arch}`)
  await unpackPinned(downloadBaseUrl, archive, { root, workspace, signal })
}

/** Nothing of an archive is unpacked before its SHA-256 was found to be the pinned one. */
export async function unpackPinned(
  baseUrl: string,
  { path, sha256 }: PinnedArchive,
  { root, workspace, signal }: { root: string; workspace: string; signal?: AbortSignal | undefined }
): Promise<void> {
  const url = `${baseUrl.replace(/\/$/, '')}/${path}`
  const bytes = await download(url, signal)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sha256) throw new Error(`${url} is not the file that was pinned (SHA-256 ${found}, not ${sha256})`)
  const tar = join(workspace, 'archive.tar')
  await writeFile(tar, await decompress(bytes, { params: { [constants.ZSTD_d_windowLogMax]: WINDOW_BITS } }))
  await run('tar', ['-xf', tar, '-C', root])
}

async function download(url: string, signal?: AbortSignal): Promise<Buffer> {
  const timeout = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)
  const response = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout }).catch(
    (error: Error) => {
      signal?.throwIfAborted()
      throw new Error(`${url} cannot be reached`, { cause: error })
    }
  )
  if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > MAX_ARCHIVE_BYTES) throw new Error(`${url} is larger than ${MAX_ARCHIVE_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
