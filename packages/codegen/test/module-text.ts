// A module with many functions that need all that compilation can give: traps, relocations, call sites, library routines, constants.
import loadWabt from 'wabt'

const wabt = await loadWabt()

/** Functions 0 to `count` - 1; `broken` have a body that does not validate. */
export function manyFunctions(count: number, broken: readonly number[] = []): Uint8Array {
  const functions = Array.from({ length: count }, (_, i) => {
    const next = (i * 7 + 1) % count
    if (broken.includes(i)) return `(func $f${i} (param i32 f64) (result i32) local.get 1)`
    return `(func $f${i} (param i32 f64) (result i32) (local i64 f64)
      (block $out (loop $again
        (br_if $out (i32.eqz (local.get 0)))
        (local.set 3 (f64.floor (f64.div (local.get 1) (f64.const ${i}.25))))
        (local.set 2 (i64.rem_s (i64.load offset=${i * 8} (local.get 0)) (i64.extend_i32_s (local.get 0))))
        (i64.store offset=${i} (local.get 0) (local.get 2))
        (local.set 0 (i32.sub (local.get 0) (i32.const ${1 + (i % 5)})))
        (br_if $again (i32.gt_s (local.get 0) (i32.const ${i})))
        (local.set 0 (call $f${next} (local.get 0) (local.get 3)))
        ${'(local.set 2 (i64.mul (local.get 2) (local.get 2)))'.repeat(i % 13)}))
      (memory.fill (i32.const 0) (local.get 0) (i32.const ${i}))
      (call_indirect (type $t${i % 3}) (local.get 0) (f64.nearest (local.get 3)) (i32.trunc_f64_s (local.get 1))))`
  })
  const text = `(module
    (type $t0 (func (param i32 f64) (result i32)))
    (type $t1 (func (param i32 f64) (result i32)))
    (type $t2 (func (param i32 f64) (result i32)))
    (type $unused (func (param i64 f32) (result f64)))
    (memory (export "memory") 1) (table 8 funcref) (elem (i32.const 1) $f0)
    (data (i32.const 8) "data")
    ${functions.join('\n')} (export "f" (func $f0)))`
  const module = wabt.parseWat('many.wat', text)
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer)
  } finally {
    module.destroy()
  }
}

/** CLIF functions that call each other and the outside. */
export function manyClifFunctions(count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `function %f${i}(i64, i128) -> i128 system_v {
    fn0 = %f${(i + 1) % count}(i64, i128) -> i128 system_v
    fn1 = %outside${i % 4}(i64) -> i64 system_v
block0(v0: i64, v1: i128):
    v2 = call fn0(v0, v1)
    v3 = call fn1(v0)
    v4 = uextend.i128 v3
    v5 = sdiv v2, v4
    return v5
}`,
  ).join('\n')
}
