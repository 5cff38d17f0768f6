export type Lock = { lockfileVersion?: number; packages?: Record<string, LockEntry> }
type LockEntry = { version?: string; resolved?: string; integrity?: string; link?: boolean }

const FOLDER = 'node_modules/'

/**
 * What is wrong with a package-lock.json, a line for each: a download host, which works at one company only, and packages
 * without the hash that their download is held against.
 */
export function lockProblems({ lockfileVersion, packages = {} }: Lock): string[] {
  if (lockfileVersion !== 3) return ['lockfileVersion must be 3']
  return Object.entries(packages).flatMap(([path, { version, resolved, integrity, link }]) => {
    if (path === '' || link) return []
    const name = path.slice(path.lastIndexOf(FOLDER) + FOLDER.length)
    const host = `${path} names a download host: run npm with omit-lockfile-registry-resolved`
    const hash = `${path} has no sha512 hash: complete it with npm view ${name}@${version} dist.integrity`
    return [...(resolved?.startsWith('http') ? [host] : []), ...(integrity?.startsWith('sha512-') ? [] : [hash])]
  })
}
