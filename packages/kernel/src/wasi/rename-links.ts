// A mend for file systems whose renameSync, given a symbolic link, moves what the link points to (memfs 4.80): that would let a guest move a
// file from outside its folder into it. Here a link is renamed by making it again; not atomic, which a memory of our own does not need.
import type { FileSystem } from './file-system.ts'

/** The same file system, with links renamed themselves. To be used for memfs. */
export function renamingLinks(fs: FileSystem): FileSystem {
  const isLink = (path: string): boolean => fs.lstatSync(path, { bigint: true }).isSymbolicLink()
  const exists = (path: string): boolean => {
    try {
      fs.lstatSync(path, { bigint: true })
      return true
    } catch {
      return false
    }
  }
  return Object.assign(Object.create(fs) as FileSystem, {
    renameSync(from: string, to: string): void {
      if (from === to || !isLink(from)) return fs.renameSync(from, to)
      const target = fs.readlinkSync(from)
      if (exists(to)) fs.unlinkSync(to)
      fs.symlinkSync(target, to)
      fs.unlinkSync(from)
    },
  })
}
