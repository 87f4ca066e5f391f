// What generated code and a kernel agree on, as data. No dependency on the IR or the translator.
export * from './module.ts'
export { featuresOfScript, type Features } from './features.ts'
export * from './abi/traps.ts'
export * from './abi/layout.ts'
export * from './abi/builtins.ts'
export * from './abi/const-expr.ts'
