// One line of progress on standard error, rewritten in place; nothing where that is no terminal.
import pc from 'picocolors'

const MIN_INTERVAL = 60 // ms between two paints

export interface Progress {
  step(text: string): void
  done(): void
}

export function progress(total?: number): Progress {
  if (process.stderr.isTTY !== true) return { step: () => {}, done: () => {} }
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
