// WebAssembly text, assembled.
import wabtInit from 'wabt'

const wabt = await wabtInit()

export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const features = { bulk_memory: true, reference_types: true, multi_value: true, sat_float_to_int: true }
  const parsed = wabt.parseWat('test.wat', text, features)
  try {
    parsed.resolveNames()
    parsed.validate()
    return parsed.toBinary({ write_debug_names: true }).buffer as Uint8Array<ArrayBuffer>
  } finally {
    parsed.destroy()
  }
}
