// From a path of the guest to one of the host, inside the preopened folder.
//
// Problem: a guest's path must never name anything outside the folder it was given, whatever `..`, absolute paths and symbolic links it has
// placed there itself. Hosts resolve paths on their own, and Node has no openat.
// Idea: walk the components here, one lstat each, following links by hand; what the host is finally given contains neither `..` nor a
// link (except a last one that is meant itself). An open folder is the list of names that leads to it, and is walked again each time: a folder
// that was replaced by a link after it was opened is not followed.
// Limit: between the walk and the host's own call, another process of the host may replace a folder by a link. Programs that share a
// folder with an adversary outside the sandbox need the host's own confinement as well.
import { fail } from './errors.ts'
import type { FileStatus, FileSystem } from './file-system.ts'

export interface Preopen {
  readonly fs: FileSystem
  /** The folder, as the host names it. */
  readonly path: string
  /** As the guest names it. */
  readonly name: string
  /** Characters that no name may contain: what the host, but not WASI, reads as more than a name (`\:` on Windows). */
  readonly reserved?: string
}

/** A place in a preopened folder. */
export interface Place {
  readonly root: Preopen
  /** Names from the preopened folder on: none of them `..`, and none but the last a link. */
  readonly names: readonly string[]
  /** Path for the host. */
  readonly host: string
  /** What is there; undefined for nothing. */
  readonly status: FileStatus | undefined
  /** The path ends in a slash or a dot: only a folder may be meant. */
  readonly folder: boolean
  /** The path ends in a name, and not in `.` or `..`. */
  readonly named: boolean
}

/** As many links as Linux follows. */
const MAX_LINKS = 40

export function hostPath(root: Preopen, names: readonly string[]): string {
  return names.length === 0 ? root.path : `${root.path.replace(/\/+$/, '')}/${names.join('/')}`
}

function statusOf(fs: FileSystem, path: string): FileStatus | undefined {
  try {
    return fs.lstatSync(path, { bigint: true })
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return undefined
    throw e
  }
}

/**
 * Resolves `path` from the folder `names` of `root`; `follow`: a last component that is a link is followed.
 * ENOTCAPABLE for a path that leads out of the folder, ELOOP, ENOTDIR, ENOENT, EINVAL.
 */
export function resolvePath(root: Preopen, names: readonly string[], path: string, follow: boolean): Place {
  if (path === '') fail('ENOENT')
  if (path.includes('\0')) fail('EINVAL')
  if (path.startsWith('/')) fail('ENOTCAPABLE')
  const at: string[] = []
  for (const name of names) {
    at.push(name)
    const s = statusOf(root.fs, hostPath(root, at)) ?? fail('ENOENT')
    if (!s.isDirectory()) fail('ENOTDIR')
  }
  const floor = at.length
  // The rest of the walk, next component last.
  const rest = path.split('/').reverse()
  let links = 0
  let folder = false
  let named = false
  let status: FileStatus | undefined
  while (rest.length > 0) {
    const name = rest.pop() as string
    if (name === '' || name === '.') {
      folder = true
      if (name === '.') named = false
      continue
    }
    folder = false
    if (name === '..') {
      if (at.length === floor) fail('ENOTCAPABLE')
      at.pop()
      folder = true
      named = false
      continue
    }
    for (const c of root.reserved ?? '') if (name.includes(c)) fail('EINVAL')
    at.push(name)
    named = true
    status = statusOf(root.fs, hostPath(root, at))
    const last = rest.length === 0
    if (status?.isSymbolicLink() && (!last || follow)) {
      if (++links > MAX_LINKS) fail('ELOOP')
      const target = root.fs.readlinkSync(hostPath(root, at))
      if (target.startsWith('/')) fail('ENOTCAPABLE')
      at.pop()
      rest.push(...target.split('/').reverse())
    } else if (!last) {
      // The same as the host would say; a trailing slash alone may stand behind what is yet to be created.
      if (status === undefined && rest.some((r) => r !== '')) fail('ENOENT')
      if (status !== undefined && !status.isDirectory()) fail('ENOTDIR')
    }
  }
  const host = hostPath(root, at)
  if (!named || at.length === floor) status = statusOf(root.fs, host) ?? fail('ENOENT')
  return { root, names: at, host, status, folder, named }
}
