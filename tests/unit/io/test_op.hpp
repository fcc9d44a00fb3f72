#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "test_loop.hpp"

namespace weir::test {

/// A file being read, with segments of its own. Gives further segments when they are asked for, unless told not to.
struct test_op : io::read_op {
  explicit test_op(std::string where, std::uint32_t each = memory::segment_bytes, int segments = 1)
      : read_op(&test_op::came), name(std::move(where)), each_(each) {
    path = name.c_str();
    grow(segments);
    current = first;
  }
  test_op(const test_op&) = delete;
  test_op& operator=(const test_op&) = delete;

  void grow(int count) {
    for (int i = 0; i < count; ++i) {
      memory_.push_back(std::make_unique<std::byte[]>(each_)); // on its own, so that ASan sees its ends
      segments_.push_back({memory_.back().get(), each_, 0, nullptr});
      if (segments_.size() > 1) {
        segments_[segments_.size() - 2].next = &segments_.back();
      }
    }
    first = &segments_.front();
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const memory::segment& s : segments_) {
      all.append(reinterpret_cast<const char*>(s.data), s.used);
    }
    return all;
  }

  /// What a pool might do with memory that came back: if the kernel still writes, `scribbled` sees it.
  void scribble() {
    for (auto& m : memory_) {
      std::memset(m.get(), 0x5a, each_);
    }
  }
  [[nodiscard]] bool scribbled() const {
    for (const auto& m : memory_) {
      for (std::uint32_t i = 0; i < each_; ++i) {
        if (m[i] != std::byte{0x5a}) {
          return false;
        }
      }
    }
    return true;
  }

  const std::string name;
  io::engine* engine = nullptr;
  bool go_on = true; // with `more`
  int mores = 0;
  int ends = 0; // has to be one, in the end
  void (*on_end)(test_op&) = nullptr;

private:
  static void came(loop::remote_node& node) noexcept {
    auto& op = static_cast<test_op&>(node);
    if (op.result != outcome::more) {
      ++op.ends;
      if (op.on_end != nullptr) {
        op.on_end(op);
      }
      return;
    }
    ++op.mores;
    if (op.go_on) {
      op.grow(static_cast<int>(op.wanted));
      op.engine->submit(op);
    }
  }

  std::uint32_t each_;
  std::deque<memory::segment> segments_;
  std::vector<std::unique_ptr<std::byte[]>> memory_;
};

inline void start(test_loop& loop, test_op& op) {
  op.engine = loop.engine.get();
  loop.engine->submit(op);
}

inline void read(test_loop& loop, test_op& op) {
  start(loop, op);
  loop.run_until([&] { return op.ends > 0; });
}

} // namespace weir::test
