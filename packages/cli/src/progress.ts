// One line of progress on standard error, rewritten in place; nothing where that is no terminal.
import pc from 'picocolors'

const MIN_INTERVAL = 60 // ms between two paints

export interface Progress {
  step(text: string): void
  done(): void
}

/** Whether anybody sees it. */
export const isShown = (): boolean => process.stderr.isTTY === true

export function progress(total?: number): Progress {
  if (!isShown()) return { step: () => {}, done: () => {} }
  let count = 0
  let painted = 0
  return {
    step(text) {
      count++
      const now = performance.now()
      if (now - painted < MIN_INTERVAL) return
      painted = now
      const width = Math.max(20, (process.stderr.columns ?? 80) - 1)
      const head = total === undefined ? '' : `${count}/${total} `
      process.stderr.write(`\r\x1b[K${pc.dim((head + text).slice(0, width))}`)
    },
    done() {
      process.stderr.write('\r\x1b[K')
    },
  }
}

/** Runs a compilation that reports how far it is; `what` is what it compiles. */
export async function shownCompilation<R>(
  what: string,
  compile: (onProgress: (p: { done: number; total: number }) => void) => Promise<R>,
): Promise<R> {
  const shown = progress()
  try {
    return await compile(({ done, total }) => shown.step(`compiling ${what}: ${Math.floor((100 * done) / total)} %`))
  } finally {
    shown.done()
  }
}
