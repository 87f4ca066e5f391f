// Symbols, special registers, stack switching, and instructions that only mark a place.
import { CALL, CAN_LOAD, CAN_STORE, type OpcodeRow, SIDE_EFFECTS } from './row.ts'

// biome-ignore format: table
export const specialOpcodes: readonly OpcodeRow[] = [
  ['symbol_value',                  'UnaryGlobalValue',        'Any: -> t',            0,                                          'v = symbol_value gv',                                'Address of a symbol, plus its offset.'],
  ['tls_value',                     'UnaryGlobalValue',        'Any: -> t',            0,                                          'v = tls_value gv',                                   'Address of a thread-local symbol in the running thread.'],
  ['get_pinned_reg',                'NullAry',                 'Addr: -> t',           SIDE_EFFECTS,                               'v = get_pinned_reg',                                 'Content of the pinned register (setting enable_pinned_reg).'],
  ['set_pinned_reg',                'Unary',                   'Addr: t ->',           SIDE_EFFECTS,                               'set_pinned_reg x',                                   'Sets the pinned register (setting enable_pinned_reg).'],
  ['get_frame_pointer',             'NullAry',                 'Addr: -> t',           0,                                          'v = get_frame_pointer',                              'The frame pointer; needs preserve_frame_pointers.'],
  ['get_stack_pointer',             'NullAry',                 'Addr: -> t',           0,                                          'v = get_stack_pointer',                              'The stack pointer as it stands in the body of the function.'],
  ['get_return_address',            'NullAry',                 'Addr: -> t',           0,                                          'v = get_return_address',                             'The address that this function returns to; needs preserve_frame_pointers.'],
  ['get_exception_handler_address', 'ExceptionHandlerAddress', 'Addr: -> t',           0,                                          'v = get_exception_handler_address block, index',     'Address of handler number index of the try_call that ends the block.'],
  ['stack_switch',                  'Ternary',                 'Addr: t, t, t -> t',   CALL | SIDE_EFFECTS | CAN_LOAD | CAN_STORE, 'v = stack_switch store_context, load_context, payload', 'Saves the running stack in one context and continues on that of another, where the payload is the result of the stack_switch that left it.'],
  ['nop',                           'NullAry',                 '->',                   0,                                          'nop',                                                'Does nothing.'],
  ['sequence_point',                'NullAry',                 '->',                   SIDE_EFFECTS,                               'sequence_point',                                     'A place that debug tags may name; no instruction with side effects moves across it.'],
]
