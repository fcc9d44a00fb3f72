#pragma once

#include <array>
#include <cstddef>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weir::test {

/// From here on the system calls `first` to `last` answer `error`, on every thread of this process and in what it executes.
/// Async-signal-safe.
inline bool forbid(unsigned first, unsigned last, unsigned error) {
  std::array<sock_filter, 5> code{{
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
      {BPF_JMP | BPF_JGE | BPF_K, 0, 2, first},
      {BPF_JMP | BPF_JGT | BPF_K, 1, 0, last},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | error},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  }};
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

/// Runs one test case of this program, a hidden one, in a process of its own, with `before` called there first: a filter can't
/// be taken away again. Returns its exit status; 0 is passed.
template<class Before> int in_a_process_of_its_own(const char* test_case, Before before) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!before()) {
      ::_exit(99);
    }
    ::dup2(STDERR_FILENO, STDOUT_FILENO); // its report isn't this program's
    ::execl("/proc/self/exe", "unit_io", test_case, static_cast<char*>(nullptr));
    ::_exit(98);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

} // namespace weir::test
