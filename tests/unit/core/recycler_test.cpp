#include <catch2/catch.hpp>

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <weir/detail/recycler.hpp>

using weir::detail::frame_recycler;

namespace {

/// A recycler that is current on this thread.
class owned {
public:
  owned() : recycler_(frame_recycler::create()), before_(frame_recycler::exchange_current(recycler_)) {}
  owned(const owned&) = delete;
  owned& operator=(const owned&) = delete;
  ~owned() {
    frame_recycler::exchange_current(before_);
    recycler_->close();
  }
  frame_recycler* operator->() const noexcept { return recycler_; }

private:
  frame_recycler* recycler_;
  frame_recycler* before_;
};

} // namespace

TEST_CASE("blocks of all sizes are aligned, hold what they are for, and don't overlap") {
  const owned r;
  std::mt19937 random(5);
  std::map<std::uintptr_t, std::size_t> out; // address, size
  for (int i = 0; i < 20'000; ++i) {
    if (out.size() > 500 || (!out.empty() && random() % 3 == 0)) {
      auto at = out.begin();
      std::advance(at, random() % std::min<std::size_t>(out.size(), 20));
      auto* const p = reinterpret_cast<unsigned char*>(at->first);
      for (std::size_t k = 0; k < at->second; k += 16) {
        if (p[k] != static_cast<unsigned char>(at->second)) {
          FAIL("overwritten");
        }
      }
      frame_recycler::deallocate(p, at->second);
      out.erase(at);
    } else {
      const std::size_t bytes = 1 + random() % (random() % 10 == 0 ? 9000 : 400);
      void* const p = frame_recycler::allocate(bytes);
      std::memset(p, static_cast<int>(bytes & 0xff), bytes);
      REQUIRE(reinterpret_cast<std::uintptr_t>(p) % 16 == 0);
      out.emplace(reinterpret_cast<std::uintptr_t>(p), bytes);
    }
    if (r->live() != out.size()) {
      FAIL("miscounted");
    }
  }
  for (const auto& [p, bytes] : out) {
    frame_recycler::deallocate(reinterpret_cast<void*>(p), bytes);
  }
  REQUIRE(r->live() == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !(defined(__has_feature) && defined(__clang__))
TEST_CASE("a block that was given back is given out again") {
  const owned r;
  void* const p = frame_recycler::allocate(200);
  frame_recycler::deallocate(p, 200);
  REQUIRE(frame_recycler::allocate(200) == p);
  frame_recycler::deallocate(p, 200);
}
#endif

TEST_CASE("a block made without a recycler can be given back under one, and the other way round") {
  void* const before = frame_recycler::allocate(100);
  void* during = nullptr;
  {
    const owned r;
    frame_recycler::deallocate(before, 100);
    during = frame_recycler::allocate(100);
    REQUIRE(r->live() == 1);
  } // closed: it lives on until its block has come back
  std::memset(during, 1, 100);
  frame_recycler::deallocate(during, 100);
}

TEST_CASE("blocks given back on other threads come home, also after the owner has closed") {
  std::vector<void*> late;
  {
    const owned r;
    std::vector<void*> blocks;
    for (int i = 0; i < 1000; ++i) {
      blocks.push_back(frame_recycler::allocate(64));
      late.push_back(frame_recycler::allocate(5000));
    }
    std::thread([&] {
      for (void* p : blocks) {
        frame_recycler::deallocate(p, 64);
      }
    }).join();
    REQUIRE(r->live() == late.size());
  }
  std::thread other([&] {
    for (std::size_t i = 0; i < late.size(); i += 2) {
      frame_recycler::deallocate(late[i], 5000);
    }
  });
  for (std::size_t i = 1; i < late.size(); i += 2) {
    frame_recycler::deallocate(late[i], 5000);
  }
  other.join();
}
