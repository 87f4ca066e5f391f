// What every rule file of riscv64 starts from.
import { feature, type Flag, lowering, type RuleMaker, setting } from '@k23/rules'
import * as feat from '../features.ts'
import type { RiscvLower } from './driver.ts'

export const rule: RuleMaker<RiscvLower> = lowering<RiscvLower>()

export const zba: Flag = feature('zba', feat.ZBA)
export const zbb: Flag = feature('zbb', feat.ZBB)
export const zbs: Flag = feature('zbs', feat.ZBS)
export const zbkb: Flag = feature('zbkb', feat.ZBKB)
export const zicond: Flag = feature('zicond', feat.ZICOND)
export const zfa: Flag = feature('zfa', feat.ZFA)
export const zfhmin: Flag = feature('zfhmin', feat.ZFHMIN)
export const zfh: Flag = feature('zfh', feat.ZFH)
export const zvfh: Flag = feature('zvfh', feat.ZVFH)
export const zvbb: Flag = feature('zvbb', feat.ZVBB)
export const spectre: Flag = setting('heap_access_spectre_mitigation', 0)
