export { listChoices, seededChoices } from './choices.ts'
export type { Choices } from './choices.ts'
export { generateCase, generateEnv } from './generate.ts'
export type { FuzzCase, FuzzOptions } from './generate.ts'
