#include "contract.hpp"

#include <chrono>
#include <filesystem>
#include <new>
#include <thread>

#include <fmt/format.h>

namespace cancel_stress {

void* counting_memory::do_allocate(std::size_t bytes, std::size_t alignment) {
  void* const p = ::operator new(bytes, std::align_val_t(alignment));
  out_.fetch_add(bytes);
  return p;
}

void counting_memory::do_deallocate(void* p, std::size_t bytes, std::size_t alignment) {
  out_.fetch_sub(bytes);
  ::operator delete(p, bytes, std::align_val_t(alignment));
}

namespace {

std::size_t entries_of(const char* directory) {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) {
    ++n;
  }
  return n;
}

} // namespace

belongings belongings_now() { return {entries_of("/proc/self/task"), entries_of("/proc/self/fd")}; }

void expect_same(violations& v, const belongings& before) {
  using namespace std::chrono_literals;
  const auto limit = std::chrono::steady_clock::now() + 2s;
  belongings now = belongings_now();
  while (!(now == before) && std::chrono::steady_clock::now() < limit) {
    std::this_thread::sleep_for(100us);
    now = belongings_now();
  }
  v.expect(now.threads == before.threads, fmt::format("{} threads, and {} before", now.threads, before.threads));
  v.expect(now.descriptors == before.descriptors,
           fmt::format("{} descriptors, and {} before", now.descriptors, before.descriptors));
}

void expect_quiescent(violations& v, const weir::runtime& rt, std::size_t held) {
  const weir::audit_report a = rt.audit();
  v.expect(a.frames == 0 && a.leases == 0 && a.operations == 0 && a.jobs == 0,
           fmt::format("left: {} frames, {} leases, {} operations, {} jobs", a.frames, a.leases, a.operations, a.jobs));
  v.expect(a.held_by_user == held,
           fmt::format("the audit says that the user holds {} blocks, and it is {}", a.held_by_user, held));
  const weir::metrics_report m = rt.metrics();
  v.expect(m.memory_high_water <= m.memory_budget,
           fmt::format("{} bytes of memory were in use, of a budget of {}", m.memory_high_water, m.memory_budget));
  v.expect(held != 0 || m.memory_in_use == 0,
           fmt::format("{} bytes of memory are in use, and nobody holds any", m.memory_in_use));
}

} // namespace cancel_stress
