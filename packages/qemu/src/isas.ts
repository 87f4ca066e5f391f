// What a process machine has to know of each instruction set.
import type { IsaName } from '@k23/machine'

export interface ProcessIsa {
  readonly name: IsaName
  /** The user-mode emulator. */
  readonly qemu: string
  /** Node's name of a host that is this machine. */
  readonly host: string
  /** Model of the emulator's CPU, to which properties are added. */
  readonly cpu: string
  /** Property that turns a feature on, by feature; '' for one that the model always has. */
  readonly properties: Readonly<Record<string, string>>
  readonly stackPointer: number
  readonly framePointer: number
  /** Register of the return address; undefined: a call pushes it. */
  readonly link: number | undefined
  readonly arguments: readonly number[]
  /** Whether the instruction with these bytes writes memory where it faults. `context` has the registers at the fault. */
  storeFault(instruction: Uint8Array, context: DataView): boolean
}

const OPCODE_STORE = 0x23
const OPCODE_STORE_FP = 0x27
const OPCODE_AMO = 0x2f
const FUNCT5_LR = 2

/** Unprivileged manual, "RV32/64G Instruction Set Listings" and "C" Extension: compressed stores have 101, 110 or 111 in bits 15-13 of quadrants 0 and 2. */
function riscvStores(bytes: Uint8Array): boolean {
  const low = bytes[0] | (bytes[1] << 8)
  if ((low & 3) !== 3) return (low & 1) === 0 && low >> 13 >= 5
  const opcode = low & 0x7f
  if (opcode === OPCODE_AMO) return bytes[3] >> 3 !== FUNCT5_LR
  return opcode === OPCODE_STORE || opcode === OPCODE_STORE_FP
}

// biome-ignore format: one line
const VECTOR = 'v=true,vlen=128,vext_spec=v1.0'

const riscv64: ProcessIsa = {
  name: 'riscv64',
  qemu: 'qemu-riscv64',
  host: 'riscv64',
  cpu: 'rv64',
  // biome-ignore format: table
  properties: {
    has_m: '', has_a: '', has_f: '', has_d: '', has_c: '', has_zca: '', has_zcd: '', has_zicsr: '', has_zifencei: '',
    has_zba: 'zba=true', has_zbb: 'zbb=true', has_zbc: 'zbc=true', has_zbs: 'zbs=true', has_zbkb: 'zbkb=true',
    has_zicond: 'zicond=true', has_zcb: 'zcb=true', has_zfa: 'zfa=true', has_zfhmin: 'Zfhmin=true', has_zfh: 'Zfh=true',
    has_v: VECTOR, has_zvbb: 'zvbb=true', has_zvfh: 'zvfh=true',
  },
  stackPointer: 2,
  framePointer: 8,
  link: 1,
  arguments: [10, 11, 12, 13, 14, 15, 16, 17],
  storeFault: riscvStores,
}

/** Error code of a page fault, in gregs behind rip, eflags and the segments: bit 1 is set by writes. */
const X64_ERR = 8 * 19

const x64: ProcessIsa = {
  name: 'x64',
  qemu: 'qemu-x86_64',
  host: 'x64',
  cpu: 'max',
  // biome-ignore format: table
  properties: {
    has_sse3: '', has_ssse3: '', has_sse41: '', has_sse42: '', has_popcnt: '', has_cmpxchg16b: '', has_bmi1: '', has_bmi2: '', has_lzcnt: '',
    has_avx: '', has_avx2: '', has_fma: '', has_f16c: '',
  },
  stackPointer: 4,
  framePointer: 5,
  link: undefined,
  arguments: [7, 6, 2, 1, 8, 9],
  storeFault: (_, context) => (context.getUint8(X64_ERR) & 2) !== 0,
}

export const processIsas: Readonly<Partial<Record<string, ProcessIsa>>> = { riscv64, x64 }
