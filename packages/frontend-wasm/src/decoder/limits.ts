// Implementation limits: those of the JavaScript API's specification, which engines agree on.

export type LimitName =
  | 'moduleBytes'
  | 'types'
  | 'functions'
  | 'imports'
  | 'exports'
  | 'globals'
  | 'dataSegments'
  | 'elementSegments'
  | 'elements'
  | 'tables'
  | 'memories'
  | 'bodyBytes'
  | 'locals'
  | 'params'
  | 'results'
  | 'branchTargets'
  | 'names'

export const LIMITS: Readonly<Record<LimitName, number>> = {
  moduleBytes: 1 << 30,
  types: 1_000_000,
  functions: 1_000_000,
  imports: 1_000_000,
  exports: 1_000_000,
  globals: 1_000_000,
  dataSegments: 100_000,
  elementSegments: 10_000_000,
  elements: 10_000_000,
  tables: 100_000,
  memories: 100,
  bodyBytes: 7_654_321,
  locals: 50_000,
  params: 1_000,
  results: 1_000,
  branchTargets: 65_520,
  /** Names in the name section: more are ignored. */
  names: 1_000_000,
}
