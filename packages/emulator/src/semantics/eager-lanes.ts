// Lanes evaluated on BigInt: the oracle of the generated lane functions, which share nothing with it but the bodies and float().
import { float, floatCode, raised, resultHi, resultLo } from '../float/operations.ts'
import type { LaneBody, LaneBuilder } from './builder.ts'
import { type EagerTypes, fromWords, high, i32, i64, low } from './eager.ts'
import type { LaneFunction, LaneState, LaneTable } from './lane-source.ts'

function eagerLane(body: LaneBody): LaneFunction {
  return (u, aLo, aHi, bLo, bHi, dLo, dHi, carry) => {
    const result = body(laneBuilder(u), {
      a: fromWords(aLo, aHi),
      b: fromWords(bLo, bHi),
      d: fromWords(dLo, dHi),
      carry: BigInt(carry),
    })
    u.hi = high(result)
    return low(result)
  }
}

function laneBuilder(u: LaneState): LaneBuilder<EagerTypes> {
  return {
    i32,
    i64,
    float(op, format, rounding, ...values) {
      const [a, b, c] = [0, 1, 2].map((k) => values[k] ?? 0n)
      // The exact way always, as in eager.ts.
      float(floatCode(op, format), low(rounding), -1, low(a), high(a), low(b), high(b), low(c), high(c))
      u.raised |= raised
      return fromWords(resultLo, resultHi)
    },
    frm: () => BigInt(u.mode),
    vxrm: () => BigInt(u.vxrm),
    saturated(condition) {
      if (condition !== 0n) u.vxsat = 1
    },
  }
}

/** A table for VectorState.lanes, of bodies by width. */
export function eagerLanes(families: readonly (readonly (LaneBody | undefined)[])[]): LaneTable {
  return families.map((bodies) => bodies.map((body) => (body === undefined ? undefined : eagerLane(body))))
}
