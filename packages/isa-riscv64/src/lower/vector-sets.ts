// Sets of vector types that rules name.
import { F16, F32, F64, isFloatLane, isIntLane, laneBits, laneType } from '@k23/ir'
import { type TypeSet, typesWhere } from '@k23/rules'
import { isHeld } from '../vector-types.ts'

/** Vectors of one register. */
export const vectors: TypeSet = typesWhere('vectors', isHeld)
export const intVectors: TypeSet = typesWhere('intVectors', (t) => isHeld(t) && isIntLane(t))
/** Without Zvfh there is no arithmetic on lanes of 16 bits. */
export const floatVectors: TypeSet = typesWhere(
  'floatVectors',
  (t) => isHeld(t) && isFloatLane(t) && (laneType(t) === F32 || laneType(t) === F64),
)
export const halfVectors: TypeSet = typesWhere('halfVectors', (t) => isHeld(t) && laneType(t) === F16)
/** Integer vectors whose lanes can be halved or doubled. */
export const wideVectors: TypeSet = typesWhere('wideVectors', (t) => isHeld(t) && isIntLane(t) && laneBits(t) > 8)
