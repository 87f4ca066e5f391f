// Control transfer, the stack, fences, the machine, and padding (Intel SDM volume 2).
import { type X64RowTable, x64Row as row } from '@k23/machinst/rows'

// biome-ignore format: table
export const control: X64RowTable = {
  jmp:     row('jmp target:rel',              'E9 cd | EB cb',               { effect: 'jump' }),
  jcc:     row('j{cc} target:rel',            '0F 80+cc cd | 70+cc cb',      { effect: 'branch', reads: 'oszpc' }),
  jmp_M:   row('jmp <*>target:rm64',          'FF /4',                       { effect: 'jump' }),
  call:    row('call target:rel',             'E8 cd',                       { effect: 'call' }),
  call_M:  row('call <*>target:rm64',         'FF /2',                       { effect: 'call' }),
  ret:     row('ret',                         'C3',                          { effect: 'ret' }),
  ret_i:   row('ret imm:u16',                 'C2 iw',                       { effect: 'ret' }),
  pushq_M: row('pushq src:rm64',              '50+r | FF /6'),
  pushq_i: row('pushq imm:s32',               '6A ib | 68 id'),
  popq_M:  row('popq =dst:rm64',              '58+r | 8F /0'),
  leave:   row('leave',                       'C9'),

  ud2:     row('ud2',                         '0F 0B',                       { effect: 'trap', trap: 'undefined' }),
  int3:    row('int3',                        'CC',                          { effect: 'trap', trap: 'breakpoint' }),
  hlt:     row('hlt',                         'F4',                          { effect: 'system', trap: 'privileged' }),
  pause:   row('pause',                       'F3 90'),
  mfence:  row('mfence',                      'NP 0F AE F0',                 { effect: 'fence' }),
  lfence:  row('lfence',                      'NP 0F AE E8',                 { effect: 'fence' }),
  sfence:  row('sfence',                      'NP 0F AE F8',                 { effect: 'fence' }),
  cpuid:   row('cpuid',                       '0F A2',                       { effect: 'system', implicit: '=rbx =rdx +rax +rcx' }),
  rdtsc:   row('rdtsc',                       '0F 31',                       { effect: 'system', implicit: '=rax =rdx' }),
  endbr64: row('endbr64',                     'F3 0F 1E FA'),
  // The kernel reads and writes registers as its convention says.
  syscall: row('syscall',                     '0F 05',                       { effect: 'system' }),

  // The forms that the manual recommends under NOP, by length.
  nop1:    row('nop',                               '90'),
  nop2:    row('xchgw <%ax, %ax>',                  '66 90'),
  nop3:    row('nopl <(%rax)>',                     '0F 1F 00'),
  nop4:    row('{disp8} nopl <(%rax)>',             '0F 1F 40 00'),
  nop5:    row('{disp8} nopl <(%rax,%rax,1)>',      '0F 1F 44 00 00'),
  nop6:    row('{disp8} nopw <(%rax,%rax,1)>',      '66 0F 1F 44 00 00'),
  nop7:    row('{disp32} nopl <(%rax)>',            '0F 1F 80 00 00 00 00'),
  nop8:    row('{disp32} nopl <(%rax,%rax,1)>',     '0F 1F 84 00 00 00 00 00'),
  nop9:    row('{disp32} nopw <(%rax,%rax,1)>',     '66 0F 1F 84 00 00 00 00 00'),
}
