// Runs single instructions on this CPU: states in on standard input, states out on standard output (x64-cpu.ts has the layouts).
// Each instruction stands in a page of breakpoints, with all registers loaded; whatever stops it raises a signal, whose context is the result.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x20000000ul
#define DATA 0x10000000ul
#define PAGE 4096
#define IMAGE 128

struct in {
  uint64_t gpr[16], flags, rip;
  uint32_t image_at, code_length;
  uint8_t code[32];
  uint8_t xmm[16][16];
  uint8_t image[IMAGE];
};
struct out {
  uint64_t gpr[16], flags, rip, address;
  uint32_t signal, unused;
  uint8_t xmm[16][16];
  uint8_t image[IMAGE];
};

struct in current;
struct out result;
uint64_t host_rsp;

void run(void);
void resume(void);
// rsp is loaded last but one: from then on there is no stack.
__asm__(
    ".text\n"
    "run:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "  mov %rsp, host_rsp(%rip)\n"
    "  lea current+16*8+8+8+8+32(%rip), %rax\n"
    "  movups 0(%rax), %xmm0;    movups 16(%rax), %xmm1;   movups 32(%rax), %xmm2;   movups 48(%rax), %xmm3\n"
    "  movups 64(%rax), %xmm4;   movups 80(%rax), %xmm5;   movups 96(%rax), %xmm6;   movups 112(%rax), %xmm7\n"
    "  movups 128(%rax), %xmm8;  movups 144(%rax), %xmm9;  movups 160(%rax), %xmm10; movups 176(%rax), %xmm11\n"
    "  movups 192(%rax), %xmm12; movups 208(%rax), %xmm13; movups 224(%rax), %xmm14; movups 240(%rax), %xmm15\n"
    "  push current+128(%rip); popf\n"
    "  mov current+0(%rip), %rax;   mov current+8(%rip), %rcx;   mov current+16(%rip), %rdx;  mov current+24(%rip), %rbx\n"
    "  mov current+40(%rip), %rbp;  mov current+48(%rip), %rsi;  mov current+56(%rip), %rdi;  mov current+64(%rip), %r8\n"
    "  mov current+72(%rip), %r9;   mov current+80(%rip), %r10;  mov current+88(%rip), %r11;  mov current+96(%rip), %r12\n"
    "  mov current+104(%rip), %r13; mov current+112(%rip), %r14; mov current+120(%rip), %r15; mov current+32(%rip), %rsp\n"
    "  jmp *current+136(%rip)\n"
    "resume:\n"
    "  mov host_rsp(%rip), %rsp\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  ret\n");

static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void stopped(int number, siginfo_t *info, void *given) {
  ucontext_t *context = given;
  greg_t *r = context->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) result.gpr[i] = r[order[i]];
  result.flags = r[REG_EFL];
  result.rip = r[REG_RIP];
  result.signal = number;
  result.address = (uint64_t)info->si_addr;
  memcpy(result.xmm, context->uc_mcontext.fpregs->_xmm, sizeof result.xmm);
  r[REG_RIP] = (greg_t)resume;
  r[REG_EFL] &= ~(greg_t)0x40d00;
}

static void *fixed(unsigned long at, size_t bytes, int perms) {
  void *p = mmap((void *)at, bytes, perms, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != (void *)at) {
    perror("mmap");
    exit(2);
  }
  return p;
}

int main(void) {
  uint8_t *code = fixed(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  uint8_t *data = fixed(DATA, PAGE, PROT_READ | PROT_WRITE);
  memset(code, 0xcc, PAGE);
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = stopped, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int signals[] = {SIGTRAP, SIGSEGV, SIGBUS, SIGILL, SIGFPE};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  while (fread(&current, sizeof current, 1, stdin) == 1) {
    uint8_t *at = code + (current.rip - CODE);
    memcpy(at, current.code, current.code_length);
    memcpy(data + current.image_at, current.image, IMAGE);
    run();
    memcpy(result.image, data + current.image_at, IMAGE);
    memset(data, 0, PAGE);
    memset(at, 0xcc, current.code_length);
    fwrite(&result, sizeof result, 1, stdout);
  }
  return 0;
}
