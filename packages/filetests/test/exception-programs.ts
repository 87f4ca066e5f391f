// Functions that call what throws, for the test of exceptions.

const I64S = Array.from({ length: 14 }, () => 'i64').join(', ')

/** A caller under one convention, a callee under another and a frame between that keeps values in registers, of integers and floats that live into the handlers. */
function live(conv: string): string {
  const n = 12
  const lines = (f: (i: number) => string): string => Array.from({ length: n }, (_, i) => `    ${f(i)}`).join('\n')
  return `function %f(i64, i64) -> i64, i64 ${conv === 'tail' ? 'system_v' : 'tail'} {
    fn0 = %between(i64, i64) -> i64 ${conv}
    fn1 = %quiet(i64, i64) preserve_all
block0(v0: i64, v1: i64):
    v2 = fcvt_from_sint.f64 v1
${lines((i) => `v${10 + i} = iadd v${i === 0 ? 0 : 9 + i}, v1`)}
${lines((i) => `v${30 + i} = fadd v${i === 0 ? 2 : 29 + i}, v2`)}
    try_call fn0(v0, v1), sig0, block1(ret0, v21), [ tag1: block1(exn0, v10), tag2: block2(exn1), tag4: block1(v15, exn1) ]
block1(v3: i64, v4: i64):
    try_call fn1(v0, v4), sig1, block3(v3, v4), [ default: block3(v4, v4) ]
block2(v5: i64):
    jump block3(v5, v12)
block3(v6: i64, v7: i64):
${lines((i) => `v${50 + i} = bxor v${i === 0 ? 6 : 49 + i}, v${10 + i}`)}
${lines((i) => `v${70 + i} = fsub v${i === 0 ? 2 : 69 + i}, v${30 + i}`)}
    v8 = fcvt_to_sint_sat.i64 v81
    v9 = iadd v61, v7
    return v9, v8
}
function %between(i64, i64) -> i64 ${conv} {
    fn0 = %throw(i64, i64) system_v
    ss0 = explicit_slot 200
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v1, v2+192
${lines((i) => `v${10 + i} = isub v${i === 0 ? 0 : 9 + i}, v1`)}
    call fn0(v0, v1)
${lines((i) => `v${50 + i} = bxor v${i === 0 ? 1 : 49 + i}, v${10 + i}`)}
    v3 = load.i64 v2+192
    v4 = iadd v61, v3
    return v4
}
function %quiet(i64, i64) preserve_all {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iconst.i64 3
    v3 = icmp eq v0, v2
    v4 = iconst.i64 0
    v5 = select v3, v0, v4
    call fn0(v5, v1)
    return
}`
}

/** First the function that is called with (tag, x), tags 0 to 4; then what it needs. `%throw` is the host's. */
export const exceptionPrograms: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['system_v', 'tail', 'winch'].map((conv) => [`live values of both kinds over calls under ${conv}`, live(conv)]),
  ),
  'values that live on, results and payloads': `function %f(i64, i64) -> i64 {
    fn0 = %mid(i64, i64) -> i64, i64 tail
block0(v0: i64, v1: i64):
    v2 = imul v1, v1
    v3 = iadd v1, v2
    try_call fn0(v0, v1), sig0, block1(ret0, v2, ret1), [ tag1: block2(exn0, exn1), tag2: block1(exn1, v3, exn0), default: block3(v2) ]
block1(v4: i64, v5: i64, v6: i64):
    v7 = isub v4, v5
    v8 = imul v7, v6
    v9 = iadd v8, v3
    return v9
block2(v10: i64, v11: i64):
    v12 = iadd v10, v11
    v13 = isub v12, v2
    return v13
block3(v14: i64):
    v15 = isub v14, v3
    return v15
}
function %mid(i64, i64) -> i64, i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    v3 = imul v0, v1
    v4 = bxor v2, v3
    v5 = bor v2, v3
    v6 = isub v4, v5
    call fn0(v0, v6)
    v7 = iadd v2, v3
    v8 = isub v4, v5
    v9 = bxor v6, v7
    return v8, v9
}`,
  'frames between, and an outer handler': `function %f(i64, i64) -> i64 {
    fn0 = %g(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    try_call fn0(v0, v1), sig0, block1(ret0), [ tag3: block2(exn0) ]
block1(v2: i64):
    return v2
block2(v3: i64):
    v4 = iadd v3, v1
    return v4
}
function %g(i64, i64) -> i64 system_v {
    fn0 = %h(i64, i64) -> i64 system_v
    fn1 = %throw(i64, i64) system_v
    ss0 = explicit_slot 40
block0(v0: i64, v1: i64):
    v9 = stack_addr.i64 ss0
    store v1, v9+32
    try_call fn0(v0, v1), sig0, block1(ret0), [ tag1: block2(exn0, exn1), tag4: block3 ]
block1(v2: i64):
    return v2
block2(v3: i64, v4: i64):
    v5 = load.i64 v9+32
    v6 = iadd v3, v4
    v7 = imul v6, v5
    return v7
block3:
    v8 = iconst.i64 3
    call fn1(v8, v1)
    return v1
}
function %h(i64, i64) -> i64 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    v2 = iadd v0, v1
    call fn0(v0, v1)
    v3 = isub v2, v1
    return v3
}`,
  'results on the stack, arguments that the callee removes': `function %f(i64, i64) -> i64 {
    fn0 = %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, i64 tail
block0(v0: i64, v1: i64):
    jump block1(v1, v0)
block1(v2: i64, v20: i64):
    try_call fn0(v0, v2, v1, v1, v2, v1, v1, v1, v2, v1, v20), sig0, block2(ret0, ret9, ret8), [ tag1: block3(exn0), tag2: block1(v1, exn0) , default: block4]
block2(v3: i64, v4: i64, v5: i64):
    v6 = isub v3, v4
    v7 = imul v6, v5
    return v7
block3(v8: i64):
    v9 = isub v8, v2
    return v9
block4:
    return v1
}
function %many(i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64, v9: i64, v10: i64):
    v12 = iconst.i64 2
    v13 = icmp eq v0, v12
    v14 = icmp eq v10, v0
    v15 = band v13, v14
    v16 = iconst.i64 0
    v17 = select v13, v16, v0
    v18 = select v15, v0, v17
    call fn0(v18, v9)
    v11 = iadd v8, v10
    return v11, v1, v2, v3, v4, v5, v6, v7, v8, v9
}`,
  'a wide result, by address, in a loop': `function %f(i64, i64) -> i64 {
    fn0 = %wide(i64, i64) -> i128 system_v
block0(v0: i64, v1: i64):
    v2 = func_addr.i64 fn0
    v3 = iconst.i64 3
    jump block1(v3, v1)
block1(v4: i64, v5: i64):
    try_call_indirect v2(v0, v5), sig0, block2(ret0), [ tag1: block3(exn1, exn0), tag2: block3(v4, exn0) ]
block2(v6: i128):
    v7, v8 = isplit v6
    v9 = iadd v7, v8
    jump block3(v9, v5)
block3(v10: i64, v11: i64):
    v12 = iadd v10, v11
    v13 = iconst.i64 -1
    v14 = iadd v4, v13
    brif v14, block1(v14, v12), block4
block4:
    return v12
}
function %wide(i64, i64) -> i128 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    call fn0(v0, v1)
    v2 = iconcat v0, v1
    return v2
}`,
  'a frame with room for a tail call, and handlers that make it': `function %f(i64, i64) -> i64 {
    fn0 = %mid(i64, i64) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = call fn0(v0, v1)
    v3 = call fn0(v0, v2)
    v4 = isub v3, v1
    return v4
}
function %mid(i64, i64) -> i64 tail {
    ss0 = explicit_slot 16
    fn0 = %many(${I64S}) -> i64 tail
    fn1 = %sum(${I64S}) -> i64 tail
block0(v0: i64, v1: i64):
    v2 = stack_addr.i64 ss0
    store v1, v2+8
    v3 = imul v1, v1
    try_call fn0(${Array.from({ length: 14 }, (_, i) => (i % 3 === 1 ? 'v3' : `v${i % 2}`)).join(', ')}), sig0, block1(ret0), [ tag1: block1(exn0), tag2: block2(exn0) ]
block1(v4: i64):
    v5 = load.i64 v2+8
    return_call fn1(${Array.from({ length: 14 }, (_, i) => `v${3 + (i % 3)}`).join(', ')})
block2(v6: i64):
    v7 = load.i64 v2+8
    v8 = isub v7, v6
    return v8
}
function %many(${I64S}) -> i64 tail {
    fn0 = %throw(i64, i64) system_v
block0(${Array.from({ length: 14 }, (_, i) => `v${i}: i64`).join(', ')}):
    call fn0(v0, v13)
    return v12
}
function %sum(${I64S}) -> i64 tail {
block0(${Array.from({ length: 14 }, (_, i) => `v${i}: i64`).join(', ')}):
${Array.from({ length: 13 }, (_, i) => `    v${20 + i} = ${i % 2 ? 'isub' : 'iadd'} v${i === 0 ? 0 : 19 + i}, v${i + 1}`).join('\n')}
    return v32
}`,
  'no handlers': `function %f(i64, i64) -> i64 {
    fn0 = %g(i64, i64) -> i64 system_v
block0(v0: i64, v1: i64):
    try_call fn0(v0, v1), sig0, block1(ret0, v1), []
block1(v2: i64, v3: i64):
    v4 = iadd v2, v3
    return v4
}
function %g(i64, i64) -> i64 system_v {
    fn0 = %throw(i64, i64) system_v
block0(v0: i64, v1: i64):
    call fn0(v0, v1)
    return v1
}`,
}
