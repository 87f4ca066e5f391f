// Every kind of entity a function refers to, with the prefix it has in the text format.
import type { Entity } from '@k23/entity'

export type Value = Entity<'Value'> // v0
export type Inst = Entity<'Inst'> // inst0
export type Block = Entity<'Block'> // block0
export type BlockCall = Entity<'BlockCall'> // a branch target with its arguments: block1(v2, v3)
export type StackSlot = Entity<'StackSlot'> // ss0
export type DynamicStackSlot = Entity<'DynamicStackSlot'> // dss0
export type DynamicType = Entity<'DynamicType'> // dt0
export type GlobalValue = Entity<'GlobalValue'> // gv0
export type Constant = Entity<'Constant'> // const0: in the constant pool, any length
export type Immediate = Entity<'Immediate'> // 16 bytes of shuffle mask
export type JumpTable = Entity<'JumpTable'> // jt0
export type FuncRef = Entity<'FuncRef'> // fn0
export type SigRef = Entity<'SigRef'> // sig0
export type UserExternalNameRef = Entity<'UserExternalNameRef'> // userextname0
export type ExceptionTable = Entity<'ExceptionTable'> // extable0
export type AliasRegion = Entity<'AliasRegion'> // region0

/** Any integer that names an entity. */
export type AnyEntity = Entity<string>
