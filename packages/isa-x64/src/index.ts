export * from './insts/index.ts'
