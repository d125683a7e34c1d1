/*
 * A processor that says it has AVX2 and nothing newer, for the program that this is preloaded into: the kernel makes the CPUID
 * instruction fail (arch_prctl(2), ARCH_SET_CPUID), and what the processor would have said is answered without the newer bits. Libraries
 * that choose their kernels by CPUID, which have no switch for it, then choose those for AVX2. It holds for all threads, which inherit
 * it, and for programs that are started, which preload this anew. Bits by Intel's "Architecture Instruction Set Extensions", leaf 7.
 *
 * Built by only-avx2.ts, with -Wl,-z,initfirst: other libraries ask in their constructors.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define BIT(n) (1u << (n))

/* AVX-512: F, DQ, IFMA, PF, ER, CD, BW, VL */
static const unsigned leaf7_ebx = BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31);
/* AVX-512: VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ */
static const unsigned leaf7_ecx = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14);
/* AVX-512: 4VNNIW, 4FMAPS, VP2INTERSECT, FP16; AMX: BF16, TILE, INT8 */
static const unsigned leaf7_edx = BIT(2) | BIT(3) | BIT(8) | BIT(23) | BIT(22) | BIT(24) | BIT(25);
/* AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA */
static const unsigned leaf7_1_eax = BIT(4) | BIT(5) | BIT(21) | BIT(23);
/* AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10 */
static const unsigned leaf7_1_edx = BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19);

static struct sigaction theirs;
static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);

static void answer_cpuid(int on) {
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, on) != 0) abort();
}

static void answer(greg_t *registers) {
    unsigned leaf = registers[REG_RAX], subleaf = registers[REG_RCX], a, b, c, d;
    answer_cpuid(1);
    __cpuid_count(leaf, subleaf, a, b, c, d);
    answer_cpuid(0);
    if (leaf == 7 && subleaf == 0) {
        b &= ~leaf7_ebx;
        c &= ~leaf7_ecx;
        d &= ~leaf7_edx;
    } else if (leaf == 7 && subleaf == 1) {
        a &= ~leaf7_1_eax;
        d &= ~leaf7_1_edx;
    }
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

static void on_fault(int number, siginfo_t *info, void *context) {
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    /* The kernel gives this code where no address is at fault, so that the instruction can be read. */
    if (info->si_code == SI_KERNEL) {
        const unsigned char *instruction = (const unsigned char *)registers[REG_RIP];
        if (instruction[0] == 0x0f && instruction[1] == 0xa2) {
            answer(registers);
            return;
        }
    }
    if (theirs.sa_flags & SA_SIGINFO) theirs.sa_sigaction(number, info, context);
    else if (theirs.sa_handler != SIG_DFL && theirs.sa_handler != SIG_IGN) theirs.sa_handler(number);
    else real_sigaction(SIGSEGV, &theirs, NULL); /* and the instruction fails once more */
}

/* Others' handlers of this signal are kept, and told what is not ours. */
int sigaction(int number, const struct sigaction *new, struct sigaction *old) {
    if (number != SIGSEGV) return real_sigaction(number, new, old);
    struct sigaction before = theirs;
    if (new != NULL) theirs = *new;
    if (old != NULL) *old = before;
    return 0;
}

__attribute__((constructor)) static void begin(void) {
    real_sigaction = (int (*)(int, const struct sigaction *, struct sigaction *))dlsym(RTLD_NEXT, "sigaction");
    struct sigaction ours = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    if (real_sigaction == NULL || real_sigaction(SIGSEGV, &ours, NULL) != 0) abort();
    answer_cpuid(0);
}
