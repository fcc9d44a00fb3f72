/* Runs a program for which io_uring's three system calls fail:
 *
 *   no_io_uring EPERM|ENOSYS PROGRAM ARGUMENTS...
 *
 * As container runtimes do it, with a seccomp filter; needs no privileges. Exit status 125 if the filter can't be set, or if
 * io_uring_setup fails with another error than the one asked for. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture: these calls came after numbers were made common. */
enum { nr_setup = 425, nr_enter = 426, nr_register = 427 };

static int forbid(int error) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, nr_setup, 0, 2),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, nr_register, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("no_io_uring: seccomp");
    return -1;
  }
  if (syscall(nr_setup, 0, NULL) != -1 || errno != error) {
    fprintf(stderr, "no_io_uring: the filter has no effect\n");
    return -1;
  }
  return 0;
}

int main(int argc, char** argv) {
  int error = 0;
  if (argc >= 3 && strcmp(argv[1], "EPERM") == 0) {
    error = EPERM;
  } else if (argc >= 3 && strcmp(argv[1], "ENOSYS") == 0) {
    error = ENOSYS;
  } else {
    fprintf(stderr, "usage: no_io_uring EPERM|ENOSYS PROGRAM ARGUMENTS...\n");
    return 125;
  }
  if (forbid(error) != 0) {
    return 125;
  }
  execvp(argv[2], argv + 2);
  perror("no_io_uring: exec");
  return 127;
}
