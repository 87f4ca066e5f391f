export { AuditError, type AuditOptions, CallAudit, type CallContract, type Carried } from './call-audit.ts'
export { EmulatedHart } from './hart.ts'
export { type CodeListener, EmulatedMemory } from './memory.ts'
export type {
  AccessSize,
  Body,
  Builder,
  ExitName,
  I32Ops,
  I64Ops,
  IntOps,
  SemanticsTable,
  StateName,
  Types,
} from './semantics/builder.ts'
