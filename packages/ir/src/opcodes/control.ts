// Branches, traps and calls.
import { B, CALL, CAN_LOAD, CAN_STORE, CAN_TRAP, type OpcodeRow, RETURN, SIDE_EFFECTS, T, TRAPS } from './row.ts'

// biome-ignore format: table
export const controlOpcodes: readonly OpcodeRow[] = [
  ['jump',                 'Jump',            '->',                    B,                                       'jump block(args)',                                 'Goes to the block with the given arguments.'],
  ['brif',                 'Brif',            'ScalarInt: t ->',       B,                                       'brif c, block_then(args), block_else(args)',       'Goes to the first block where c is not zero, to the second where it is.'],
  ['br_table',             'BranchTable',     'i32 ->',                B,                                       'br_table x, default(args), [block(args), ...]',    'Goes to entry x (unsigned) of the jump table, or to the default where there is no such entry.'],
  ['trap',                 'Trap',            '->',                    T | CAN_TRAP,                            'trap code',                                        'Traps with the code.'],
  ['trapz',                'CondTrap',        'ScalarInt: t ->',       TRAPS | SIDE_EFFECTS,                    'trapz c, code',                                    'Traps with the code where c is zero.'],
  ['trapnz',               'CondTrap',        'ScalarInt: t ->',       TRAPS | SIDE_EFFECTS,                    'trapnz c, code',                                   'Traps with the code where c is not zero.'],
  ['debugtrap',            'NullAry',         '->',                    SIDE_EFFECTS | CAN_LOAD | CAN_STORE,     'debugtrap',                                        'Stops in a debugger; execution may go on behind it.'],
  ['return',               'MultiAry',        '... ->',                T | RETURN,                              'return args',                                      'Returns from the function with the values that its signature asks for.'],
  ['call',                 'Call',            '... -> ...',            CALL,                                    'v, ... = call fn(args)',                           'Calls a declared function.'],
  ['call_indirect',        'CallIndirect',    'Addr: t, ... -> ...',   CALL,                                    'v, ... = call_indirect sig, callee(args)',         'Calls the function at an address with the given signature.'],
  ['return_call',          'Call',            '... ->',                T | RETURN | CALL,                       'return_call fn(args)',                             'Calls a declared function and returns its results; the frame of the caller is gone by then.'],
  ['return_call_indirect', 'CallIndirect',    'Addr: t, ... ->',       T | RETURN | CALL,                       'return_call_indirect sig, callee(args)',           'Calls the function at an address and returns its results; the frame of the caller is gone by then.'],
  ['func_addr',            'FuncAddr',        'Addr: -> t',            0,                                       'v = func_addr fn',                                 'Address of a declared function.'],
  ['try_call',             'TryCall',         '... ->',                B | CALL,                                'try_call fn(args), table',                         'Calls a declared function; goes to the normal target with its results (ret0, ...), or to a handler with the payload of an exception (exn0, ...).'],
  ['try_call_indirect',    'TryCallIndirect', 'Addr: t, ... ->',       B | CALL,                                'try_call_indirect callee(args), table',            'As try_call, for the function at an address.'],
]
