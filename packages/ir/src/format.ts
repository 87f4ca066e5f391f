// Instruction formats: which immediates an opcode carries in imm0 and imm1, and how it is written.
// `args` is always the list of value arguments; branch targets are BlockCalls, whose arguments are not in `args`.
//
// format             imm0                    imm1           text
export const FORMATS = [
  'NullAry', //         -                       -              op
  'Unary', //           -                       -              op x
  'Binary', //          -                       -              op x, y
  'Ternary', //         -                       -              op x, y, z
  'MultiAry', //        -                       -              op x, y, ...              (return)
  'UnaryImm', //        low word                high word      iconst.i64 5
  'UnaryIeee16', //     bits                    -              f16const 0x1.0p0
  'UnaryIeee32', //     bits                    -              f32const 0x1.0p0
  'UnaryIeee64', //     low word                high word      f64const 0x1.0p0
  'UnaryConst', //      Constant                -              vconst.i8x16 const0       (f128const, vconst)
  'UnaryGlobalValue', // GlobalValue            -              symbol_value.i64 gv0      (tls_value)
  'BinaryImm8', //      lane                    -              extractlane x, 3
  'TernaryImm8', //     lane                    -              insertlane x, y, 3
  'Shuffle', //         Immediate (16 bytes)    -              shuffle x, y, 0x0f0e..
  'IntCompare', //      IntCC                   -              icmp slt x, y
  'FloatCompare', //    FloatCC                 -              fcmp lt x, y
  'IntAddTrap', //      trap code               -              uadd_overflow_trap x, y, user1
  'Jump', //            BlockCall               -              jump block1(v2)
  'Brif', //            BlockCall (non-zero)    BlockCall      brif x, block1, block2
  'BranchTable', //     JumpTable               -              br_table x, block1, [block2, block3(v1)]
  'Trap', //            trap code               -              trap user1
  'CondTrap', //        trap code               -              trapz x, user1
  'Call', //            FuncRef                 -              call fn0(x, y)            (return_call)
  'CallIndirect', //    SigRef                  -              call_indirect sig0, callee(x)   args[0] is the callee
  'TryCall', //         FuncRef                 ExceptionTable try_call fn0(x), sig0, block1(ret0), [ tag1: block2(exn0) ]
  'TryCallIndirect', // -                       ExceptionTable try_call_indirect callee(x), sig0, ...  args[0] is the callee
  'FuncAddr', //        FuncRef                 -              func_addr.i64 fn0
  'Load', //            byte offset (int32)     MemFlags       load.i32 notrap aligned p+8
  'Store', //           byte offset (int32)     MemFlags       store.i32 x, p+8          args: x, p
  'LoadNoOffset', //    -                       MemFlags       atomic_load.i32 p
  'StoreNoOffset', //   -                       MemFlags       atomic_store x, p         args: x, p
  'AtomicRmw', //       RMW operation           MemFlags       atomic_rmw.i32 add p, x   args: p, x
  'AtomicCas', //       -                       MemFlags       atomic_cas.i32 p, e, x    args: p, e, x
  'StackAddr', //       StackSlot               byte offset    stack_addr.i64 ss0+8
  'DynamicStackAddr', // DynamicStackSlot       -              dynamic_stack_addr.i64 dss0
  'ExceptionHandlerAddress', // Block           item number    get_exception_handler_address.i64 block1, 0
] as const

export type FormatName = (typeof FORMATS)[number]

/** Atomic read-modify-write operations; AtomicRmw's imm0 indexes this list. */
export const RMW_OPS = ['add', 'sub', 'and', 'nand', 'or', 'xor', 'xchg', 'umin', 'umax', 'smin', 'smax'] as const
