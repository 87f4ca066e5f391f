export { createRiscv64 } from './isa.ts'
export { FEATURES, featureBits } from './features.ts'
export { callClobbers } from './abi.ts'
