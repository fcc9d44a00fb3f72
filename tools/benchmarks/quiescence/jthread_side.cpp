// The job with threads: a pool of std::jthread, each with its stop token. What waits, waits on a condition variable that knows
// the token, on a thread of its own, for there is no other way.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <unistd.h>
#include <vector>

#include "contender.hpp"
#include "libpng_rows.hpp"

namespace quiescence {

namespace {

constexpr std::size_t most_threads = 4096;
constexpr std::size_t piece = 512 * 1024;

class token_question final : public stop_question {
public:
  explicit token_question(const std::stop_token& t) noexcept : token_(t) {}
  bool stopped() noexcept override { return token_.stop_requested(); }

private:
  const std::stop_token& token_;
};

class jthread_side final : public contender {
public:
  explicit jthread_side(const job& j)
      : job_(j), waits_(j.what == work::memory || j.what == work::parked), memory_(waits_ ? 0 : j.threads) {}

  bool run(const std::function<void()>& begun) override {
    begun_ = 0;
    next_ = 0;
    source_.emplace();
    {
      std::vector<std::jthread> threads;
      const std::size_t count = waits_ ? job_.count : job_.threads;
      for (std::size_t i = 0; i < count; ++i) {
        threads.emplace_back([this, i, stop = source_->get_token()] { work_on(i, stop); });
      }
      while (begun_ < count) {
        std::this_thread::yield();
      }
      begun();
      for (std::jthread& t : threads) {
        t.join();
      }
    }
    return source_->stop_requested();
  }
  void stop() noexcept override { source_->request_stop(); }

private:
  void work_on(std::size_t thread, const std::stop_token& stop) {
    ++begun_;
    if (waits_) {
      std::unique_lock hold(lock_);
      changed_.wait(hold, stop, [] { return false; });
      return;
    }
    auto& [file, pixels] = memory_[thread];
    while (!stop.stop_requested()) { // the queue is without end: the next one is always there
      const std::size_t i = next_++;
      std::span<const std::byte> body;
      if (job_.what == work::decodes) {
        body = std::as_bytes(std::span(job_.bodies[i % job_.bodies.size()]));
      } else {
        const std::size_t size = read(job_.paths[i % job_.paths.size()], file, stop);
        body = {file.data(), size};
      }
      if (job_.what != work::reads) {
        token_question question(stop);
        decode_rows(body, pixels, job_.whole ? nullptr : &question);
      }
    }
  }
  std::size_t read(const std::string& path, std::vector<std::byte>& into, const std::stop_token& stop) const {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const off_t size = lseek(fd, 0, SEEK_END);
    into.resize(std::max<std::size_t>(into.size(), size > 0 ? static_cast<std::size_t>(size) : 0));
    std::size_t at = 0;
    while (at < into.size() && (job_.whole || !stop.stop_requested())) {
      const std::size_t most = job_.whole ? into.size() - at : std::min(piece, into.size() - at);
      const ssize_t got = pread(fd, into.data() + at, most, static_cast<off_t>(at));
      if (got <= 0) {
        break;
      }
      at += static_cast<std::size_t>(got);
    }
    close(fd);
    return at;
  }

  struct buffers {
    std::vector<std::byte> file;
    std::vector<std::byte> pixels;
  };
  const job& job_;
  const bool waits_;
  std::vector<buffers> memory_; // of each thread; used again
  std::optional<std::stop_source> source_;
  std::atomic<std::size_t> begun_{0};
  std::atomic<std::size_t> next_{0};
  std::mutex lock_;
  std::condition_variable_any changed_;
};

} // namespace

std::unique_ptr<contender> make_jthreads(const job& j) {
  const bool waits = j.what == work::memory || j.what == work::parked;
  return waits && j.count > most_threads ? nullptr : std::make_unique<jthread_side>(j);
}

} // namespace quiescence
