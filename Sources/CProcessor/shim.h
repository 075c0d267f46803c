#include <stdint.h>

/* What processors do and Swift has no word for: multiplication without carries, of polynomials over GF(2). */

#if defined(__x86_64__)

typedef long long lane __attribute__((vector_size(16)));
typedef long long unaligned_lane __attribute__((vector_size(16), aligned(1)));

/* Whether the processor has PCLMULQDQ: CPUID, leaf 1, bit 1 of ECX. */
static inline int has_carryless_multiplication(void) {
  unsigned a = 1, b, c = 0, d;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return c >> 1 & 1;
}

/* A lane carried forward over as many bits as its two factors stand for, and what lies there. */
static inline __attribute__((target("pclmul"), always_inline)) lane folded(lane carried, lane factors, lane there) {
  return __builtin_ia32_pclmulqdq128(carried, factors, 0x00) ^ __builtin_ia32_pclmulqdq128(carried, factors, 0x11) ^ there;
}

/* Folds `count` bytes, a multiple of 16 and at least 64, whose first eight are to be combined with `state`, into two words that leave the same
 * remainder, by the polynomial that the factors are for. `by_four` carries over 512 bits, `by_one` over 128. */
static inline __attribute__((target("pclmul"))) void fold_carryless(
    const void *bytes, int64_t count, uint64_t state, const uint64_t by_four[2], const uint64_t by_one[2], uint64_t remaining[2]) {
  const unaligned_lane *next = (const unaligned_lane *)bytes, *end = next + count / 16;
  lane four = {(long long)by_four[0], (long long)by_four[1]}, one = {(long long)by_one[0], (long long)by_one[1]}, first = {(long long)state, 0};
  lane a = next[0] ^ first, b = next[1], c = next[2], d = next[3];
  for (next += 4; end - next >= 4; next += 4) {
    a = folded(a, four, next[0]);
    b = folded(b, four, next[1]);
    c = folded(c, four, next[2]);
    d = folded(d, four, next[3]);
  }
  a = folded(folded(folded(a, one, b), one, c), one, d);
  for (; next < end; next++) a = folded(a, one, next[0]);
  remaining[0] = (uint64_t)a[0];
  remaining[1] = (uint64_t)a[1];
}

#else

static inline int has_carryless_multiplication(void) { return 0; }

/* Not to be called where there is none. */
static inline void fold_carryless(
    const void *bytes, int64_t count, uint64_t state, const uint64_t by_four[2], const uint64_t by_one[2], uint64_t remaining[2]) {
  __builtin_trap();
}

#endif
