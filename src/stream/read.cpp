#include <weir/read.hpp>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <system_error>
#include <utility>

#include "decode_jobs.hpp"
#include "errors.hpp"
#include "first_segments.hpp"
#include "read_ahead.hpp"
#include "read_operation.hpp"
#include "services.hpp"

namespace weir::detail {

namespace {

/// Of budgets, of which one may be all that there is.
constexpr std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a + std::min(b, ~a); }

/// Reads ahead of its consumer. Segments are granted in order, the first one before a file is opened. Liveness: the oldest file
/// that has not been given on may grow beyond the budget (in completion order: one at a time may), so it can always finish,
/// whatever those behind it hold. And the next file waits for more memory than it needs only while some is on its way back:
/// what the consumer can take, and what a decode's jobs have.
class read_stream final : public stream_base<encoded>, growth, memory::release_watcher {
public:
  /// `jobs`: of the decode below, if there is one.
  read_stream(services& s, const decode_jobs* jobs, stream_ptr<path> up, read_options o)
      : services_(s), jobs_(jobs), up_(std::move(up)), window_(o.in_flight, o.order, {}), ahead_(s.files),
        ordered_(o.order == order::input) {
    services_.files.watch(*this);
  }
  ~read_stream() override {
    services_.files.unwatch(*this);
    let_go(held_);
  }

  task<std::optional<item<encoded>>> next() override {
    if (first_waiting_ != nullptr && window_.count() == 0) {
      first_waiting_->become_oldest();
    }
    std::optional<item<encoded>> i = co_await window_.next();
    if (i && !i->failed()) {
      let_go(count_of(i->value().first()));
    }
    assert(window_.count() != 0 || held_ == 0);
    open_more();
    grow_oldest();
    co_return std::move(i);
  }

  task<> pump(scope& producers) {
    while (auto i = co_await up_->next()) {
      co_await window_.room();
      if (i->failed()) {
        window_.push(std::move(*i).failure_as<encoded>());
        continue;
      }
      co_await room_ahead(*this);
      memory::segment* const s = co_await first_segments(services_.files, at_first(), window_.count() == 0, first_waiting_);
      if (s == nullptr) {
        window_.push(item<encoded>(i->info, item_failure(i->info, stage::read, std::strerror(ENOMEM))));
        continue;
      }
      owner segment = own(services_, s);
      window<encoded>::slot& slot = *window_.open();
      grown(count_of(s));
      producers.spawn(read_one(slot, std::move(*i), std::move(segment)));
    }
    window_.finish();
  }

private:
  class [[nodiscard]] room_ahead final : public waiter {
  public:
    explicit room_ahead(read_stream& s) noexcept : waiter(s.opening_), stream_(s) {}
    static void await_resume() noexcept {}

  private:
    bool ready() noexcept override { return stream_.may_open(); }
    [[nodiscard]] wait_note waits_for() const noexcept override { return {"memory to read ahead"}; }
    read_stream& stream_;
  };
  // In completion order some might never end (FIFOs) while the others go on: so each file begins with one segment.
  [[nodiscard]] std::uint32_t at_first() const noexcept { return ordered_ ? ahead_.at_first() : 1; }
  bool may_open() noexcept { return !ahead_.must_wait(coming_back()); }
  /// What the consumer can take, with what stands behind it, and what the jobs have that it was given to.
  [[nodiscard]] std::uint64_t coming_back() const noexcept {
    return (window_.deliverable() ? held_ : 0) + (jobs_ != nullptr ? jobs_->segments() : 0);
  }
  void open_more() noexcept {
    if (!opening_.empty() && may_open()) {
      opening_.wake();
    }
  }

  task<> read_one(window<encoded>::slot& slot, item<path> i, owner segment) {
    read_operation op(services_, *this, i.value().name.text().data(), std::move(segment), &slot);
    co_await op;
    i.info.read_time = op.time();
    if (op.result == io::read_op::outcome::failed) {
      std::exception_ptr failure =
          item_failure(i.info, op.opening ? stage::open : stage::read, std::system_category().message(op.error));
      window_.complete(slot, item<encoded>(std::move(i.info), std::move(failure)));
      let_go(op.segments());
    } else {
      i.info.file_bytes = op.size;
      services_.bytes_read += op.size;
      ++services_.files_read;
      if (memory::segment* const unused = op.cut_unused(); unused != nullptr) {
        let_go(count_of(unused)); // before others hear that it has come back
        services_.files.release(unused);
      }
      ahead_.seen(op.segments());
      memory::segment* const first = op.first;
      encoded bytes(first, op.size, op.take_segments());
      window_.complete(slot, item<encoded>(std::move(i.info), std::move(bytes)));
    }
    if (forced_ == &slot) {
      forced_ = nullptr;
    }
    grow_oldest();
  }

  void ask(read_operation& op) noexcept override {
    op.next_growing = growing_;
    growing_ = &op;
    if (op.size + std::uint64_t{op.count} * memory::segment_bytes >
        sum(services_.files.usage().budget, services_.pixels.budget())) {
      withdraw(op);
      op.give_up(EFBIG);
    } else if (may_exceed(op)) {
      exceed(op);
    } else {
      memory::segment* chain = nullptr;
      switch (services_.files.try_acquire(op.count, chain)) {
      case memory::acquisition::granted:
      case memory::acquisition::out_of_memory: op.granted(chain); break;
      case memory::acquisition::must_wait: services_.files.enqueue(op); break;
      case memory::acquisition::never: break; // until it is the oldest
      }
    }
  }
  void withdraw(read_operation& op) noexcept override {
    services_.files.remove(op);
    unlist(op);
  }
  void grown(std::uint32_t segments) noexcept override {
    held_ += segments;
    services_.segments_undelivered += segments;
  }
  void let_go(std::uint64_t segments) noexcept {
    held_ -= segments;
    services_.segments_undelivered -= segments;
  }
  /// The oldest file may; but what is beyond the budget stays within as much again (16 MiB at least), as long as there are
  /// files that have been given on, whose bytes will come back. Those behind the oldest are no reason to wait: they wait for
  /// it.
  [[nodiscard]] bool may_exceed(const read_operation& op) const noexcept {
    const memory::segment_usage files = services_.files.usage();
    const std::uint64_t beyond = std::max(files.budget, memory::segment_pool::default_budget);
    const bool bounded = files.in_use + std::uint64_t{op.count} * memory::segment_bytes <= sum(files.budget, beyond) ||
                         files.in_use <= services_.segments_undelivered * memory::segment_bytes;
    return bounded && (ordered_ ? op.key == window_.oldest() : forced_ == nullptr || forced_ == op.key);
  }
  void segments_released() noexcept override {
    grow_oldest();
    open_more();
  }
  void exceed(read_operation& op) noexcept {
    services_.files.remove(op);
    forced_ = op.key;
    memory::segment* chain = nullptr;
    (void)services_.files.force(op.count, chain);
    op.granted(chain);
  }
  /// The oldest may have become another one.
  void grow_oldest() noexcept {
    for (read_operation* op = growing_; op != nullptr; op = op->next_growing) {
      if (may_exceed(*op)) {
        exceed(*op);
        return;
      }
    }
  }
  void unlist(read_operation& op) noexcept {
    for (read_operation** at = &growing_; *at != nullptr; at = &(*at)->next_growing) {
      if (*at == &op) {
        *at = op.next_growing;
        return;
      }
    }
  }

  services& services_;
  const decode_jobs* const jobs_;
  stream_ptr<path> up_;
  window<encoded> window_;
  read_ahead ahead_;
  wait_queue opening_; // the pump, while memory is full
  bool ordered_;
  std::uint64_t held_ = 0;                  // segments of files in the window
  first_segments* first_waiting_ = nullptr; // the next file, while it waits
  read_operation* growing_ = nullptr;       // those that wait for segments, the latest first
  void* forced_ = nullptr;                  // in completion order: the one that may exceed the budget
};

class read_node final : public node<encoded> {
public:
  read_node(node_ptr<path> up, read_options o) : up_(std::move(up)), options_(o) {}
  stream_ptr<encoded> connect(connection& c) override {
    c.not_direct();
    const decode_jobs* const jobs = std::exchange(c.jobs, nullptr);
    auto s = std::make_unique<read_stream>(c.runtime, jobs, up_->connect(c), options_);
    c.producers.spawn(s->pump(c.producers));
    return s;
  }

private:
  node_ptr<path> up_;
  read_options options_;
};

} // namespace

pipeline<encoded> read_stage::operator()(pipeline<path>&& p) const {
  return pipeline<encoded>(std::make_unique<read_node>(p.take_node(), options_));
}

} // namespace weir::detail
