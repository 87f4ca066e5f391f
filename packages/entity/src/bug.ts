// Broken invariants of our own. Input's fault is never reported through here.

/** Thrown when an invariant of this code base is broken: never input's fault. */
export class Bug extends Error {
  override readonly name = 'Bug'
  readonly pass: string
  readonly func: string
  readonly entity: string
  constructor(pass: string, func: string, entity: string, message: string) {
    super(`internal error in ${pass}, function ${func}, at ${entity}: ${message}`)
    this.pass = pass
    this.func = func
    this.entity = entity
  }
}

/** Reports a broken invariant: names pass, function and entity (use '-' where there is none). */
export function bug(pass: string, func: string, entity: string, message: string): never {
  throw new Bug(pass, func, entity, message)
}
