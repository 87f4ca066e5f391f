// What the text format's parsers throw for bad input: nothing else ever leaves them.

/** Malformed text: where (1-based line and column) and what was expected and found. */
export class ParseError extends Error {
  override readonly name = 'ParseError'
  /** 1-based. */
  readonly line: number
  /** 1-based, in UTF-16 units. */
  readonly column: number
  /** The message without the position. */
  readonly reason: string

  constructor(line: number, column: number, reason: string) {
    super(`${line}:${column}: ${reason}`)
    this.line = line
    this.column = column
    this.reason = reason
  }
}

/** The error at offset `at` of `text`; `firstLine` is the number of the text's first line. */
export function errorAt(text: string, at: number, reason: string, firstLine = 1): ParseError {
  let line = firstLine
  let lineStart = 0
  for (let nl = text.indexOf('\n'); nl >= 0 && nl < at; nl = text.indexOf('\n', nl + 1)) {
    line++
    lineStart = nl + 1
  }
  return new ParseError(line, at - lineStart + 1, reason)
}
