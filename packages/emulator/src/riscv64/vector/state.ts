// The vector unit's registers and configuration, VLEN = 128 (RISC-V Unprivileged ISA 20240411, 31.3, 31.6).
//
// What the manual leaves open is settled so:
//   - tail-agnostic and mask-agnostic elements keep their values (31.3.4.3 allows it; qemu does it by default);
//   - vl is the lesser of AVL and VLMAX (31.6.3); `vsetvli x0, x0` takes the old vl as AVL;
//   - traps leave vstart at 0 and nothing done; an instruction that starts with vstart other than 0 is illegal (31.3.7 allows it
//     to be, where the machine never sets such a value by itself);
//   - vtype is vill at first.

import type { LaneTable } from '../../semantics/lane-source.ts'

export const VLEN_BYTES = 16
const VLEN_LOG = 7
/** log2 of the widest element in bits. */
const ELEN_LOG = 6

const CSR_VSTART = 0x008
const CSR_VXSAT = 0x009
const CSR_VXRM = 0x00a
const CSR_VCSR = 0x00f
const CSR_VL = 0xc20
const CSR_VTYPE = 0xc21
const CSR_VLENB = 0xc22

export class VectorState {
  readonly bytes: Uint8Array = new Uint8Array(32 * VLEN_BYTES)
  readonly halves: Uint16Array = new Uint16Array(this.bytes.buffer)
  readonly words: Int32Array = new Int32Array(this.bytes.buffer)

  vl = 0
  /** The CSR's low byte; 0 under vill. */
  vtype = 0
  vill = true
  vstart = 0
  vxrm = 0
  vxsat = 0
  // vtype decoded: log2 of the element width in bits (3..6) and of LMUL (-3..3), and the elements that a group has
  sewLog = 3
  lmulLog = 0
  vlmax = 0

  /** Lanes of 16-bit floats (Zvfh). */
  hasHalf = true
  lanes: LaneTable

  // What a lane function reads (mode, fcsr, vxrm) and leaves beside its result (hi, raised, vxsat); `high` is of the last element read.
  mode = 0
  fcsr = 0
  hi = 0
  raised = 0
  high = 0

  constructor(lanes: LaneTable) {
    this.lanes = lanes
  }

  /** Sets vtype and vl; `vtypeHigh`: the upper word of vsetvl's operand, `avl`: elements asked for, at least as large as they are if beyond 2^31. */
  configure(vtype: number, vtypeHigh: number, avl: number): void {
    this.vstart = 0
    const sewLog = ((vtype >> 3) & 7) + 3
    const lmulLog = ((vtype & 7) << 29) >> 29
    const supported =
      vtypeHigh === 0 &&
      vtype >>> 8 === 0 &&
      sewLog <= ELEN_LOG &&
      lmulLog !== -4 &&
      sewLog <= ELEN_LOG + Math.min(lmulLog, 0)
    this.vill = !supported
    if (!supported) {
      this.vtype = 0
      this.vl = 0
      return
    }
    this.vtype = vtype
    this.sewLog = sewLog
    this.lmulLog = lmulLog
    this.vlmax = 1 << (VLEN_LOG + lmulLog - sewLog)
    this.vl = Math.min(avl, this.vlmax)
  }

  /** Low and high word of a vector CSR; undefined if it is none. */
  readCsr(csr: number): readonly [lo: number, hi: number] | undefined {
    switch (csr) {
      case CSR_VSTART:
        return [this.vstart, 0]
      case CSR_VXSAT:
        return [this.vxsat, 0]
      case CSR_VXRM:
        return [this.vxrm, 0]
      case CSR_VCSR:
        return [this.vxsat | (this.vxrm << 1), 0]
      case CSR_VL:
        return [this.vl, 0]
      case CSR_VTYPE:
        return [this.vtype, this.vill ? -0x80000000 : 0]
      case CSR_VLENB:
        return [VLEN_BYTES, 0]
      default:
        return undefined
    }
  }

  writeCsr(csr: number, value: number): void {
    if (csr === CSR_VSTART) this.vstart = value & (8 * VLEN_BYTES - 1)
    if (csr === CSR_VXSAT || csr === CSR_VCSR) this.vxsat = value & 1
    if (csr === CSR_VXRM) this.vxrm = value & 3
    if (csr === CSR_VCSR) this.vxrm = (value >> 1) & 3
  }

  /** Everything that another state must take over to go on from here. */
  copyFrom(other: VectorState): void {
    this.bytes.set(other.bytes)
    this.vl = other.vl
    this.vtype = other.vtype
    this.vill = other.vill
    this.vstart = other.vstart
    this.vxrm = other.vxrm
    this.vxsat = other.vxsat
    this.sewLog = other.sewLog
    this.lmulLog = other.lmulLog
    this.vlmax = other.vlmax
  }
}
