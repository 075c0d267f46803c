#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Moves the calling thread into the network namespace that a descriptor names: setns(2), which glibc shows to GNU sources alone. */
static inline int enter_network_namespace(int descriptor) {
  return (int)syscall(SYS_setns, descriptor, 0x40000000 /* CLONE_NEWNET */);
}

/* What kind of file system a path is on, as statfs(2) numbers them; 0 where there is nothing. */
static inline long file_system_type(const char *path) {
  struct statfs status;
  return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

/* Reads what is in memory already: preadv2(2) with RWF_NOWAIT. -1 where that is nothing, or cannot be known. */
static inline long read_cached(int descriptor, void *buffer, unsigned long count, long offset) {
  struct iovec part = {buffer, count};
  return syscall(SYS_preadv2, (long)descriptor, &part, 1L, offset, 0L, 0x00000008L /* RWF_NOWAIT */);
}
