#include "scheduler.hpp"

#include <cstring>
#include <sstream>
#include <utility>

namespace weir::enumerate {

namespace {

constexpr std::size_t most_steps = 5000; // in an execution
constexpr std::size_t steps_shown = 60;

scheduler* exploring = nullptr;

const char* name_of(action a) noexcept {
  static constexpr const char* names[] = {"load",  "store", "change", "lock", "unlock", "wait", "notify",
                                          "sleep", "wake",  "begin",  "join", "yield",  "touch"};
  return names[static_cast<std::size_t>(a)];
}

/// "own_loop::sleep" of "void weir::loop::own_loop::sleep()".
std::string short_name(std::string_view function) {
  function = function.substr(0, function.find('('));
  function = function.substr(function.rfind(' ') + 1);
  for (const std::string_view prefix : {"weir::", "loop::", "io::", "workers::", "memory::", "detail::"}) {
    if (function.starts_with(prefix)) {
      function.remove_prefix(prefix.size());
    }
  }
  return std::string(function);
}

} // namespace

struct scheduler::runner {
  enum class state : std::uint8_t { ready, blocked, finished };

  std::string name;
  std::function<void()> body;
  std::unique_ptr<fiber> stack;
  std::size_t clock = 0;
  state at = state::finished;
  const void* blocked_on = nullptr;
  action blocked_in = action::lock;
  bool yielding = false;
  int interrupts = -1;      // a signal handler's
  bool started = false;     // so that it stands on top of that thread
  bool interrupted = false; // a signal handler stands on top
};

scheduler& scheduler::now() noexcept { return *exploring; }

scheduler::scheduler(const limits& bounds, const plant& mistake)
    : bounds_(bounds), mistake_(mistake), main_(fiber::of_this_thread()) {
  trace_.reserve(most_steps + 1);
}

scheduler::~scheduler() = default;

std::size_t scheduler::me() const noexcept { return running_ != nullptr ? running_->clock : 0; }

bool scheduler::run(const scenario& program, path& along) {
  scheduler* const before = std::exchange(exploring, this);
  path_ = &along;
  along.start();
  count_ = 0;
  clocks_ = {};
  clocks_used_ = 1;
  trace_.clear();
  preemptions_left_ = bounds_.preemptions;
  surprises_left_ = bounds_.surprises;
  program(*this);
  for (std::size_t i = 0; i < count_; ++i) {
    clocks_[runners_[i]->clock].join(clocks_[0]);
  }
  reschedule(false);
  running_ = nullptr;
  if (failure_.empty()) {
    for (const vector_clock& c : clocks_) {
      clocks_[0].join(c);
    }
    if (afterwards_) {
      afterwards_();
    }
    if (along.diverged()) {
      fail("the program does something else the second time: it isn't a function of its schedule");
    }
  }
  if (failure_.empty()) {
    for (std::size_t i = 0; i < count_; ++i) {
      runners_[i]->body = nullptr;
    }
    afterwards_ = nullptr;
  }
  exploring = before;
  return failure_.empty();
}

void scheduler::thread(std::string_view name, std::function<void()> body) { begin(name, std::move(body)); }

void scheduler::signal_handler(std::string_view name, int on, std::function<void()> body) {
  runner& r = *runners_[static_cast<std::size_t>(begin(name, std::move(body)))];
  r.interrupts = on;
  r.clock = runners_[static_cast<std::size_t>(on)]->clock;
  --clocks_used_;
}

void scheduler::afterwards(std::function<void()> check) { afterwards_ = std::move(check); }

int scheduler::begin(std::string_view name, std::function<void()> body) {
  if (clocks_used_ == most_threads) {
    fail("more threads than the explorer has clocks for");
  }
  if (count_ == runners_.size()) {
    auto fresh = std::make_unique<runner>();
    fresh->stack = std::make_unique<fiber>([this, r = fresh.get()] { serve(*r); });
    runners_.push_back(std::move(fresh));
  }
  runner& r = *runners_[count_];
  r.name = name;
  r.body = std::move(body);
  r.clock = clocks_used_++;
  clocks_[r.clock].join(clock());
  r.at = runner::state::ready;
  r.interrupts = -1;
  r.yielding = r.started = r.interrupted = false;
  return static_cast<int>(count_++);
}

void scheduler::serve(runner& r) {
  for (;;) {
    try {
      r.body();
    } catch (const std::exception& e) {
      fail(std::string("an exception left ") + r.name + ": " + e.what());
    }
    finish();
  }
}

void scheduler::finish() noexcept {
  running_->at = runner::state::finished;
  if (running_->interrupts >= 0) {
    runner& below = *runners_[static_cast<std::size_t>(running_->interrupts)];
    below.interrupted = false;
    if (below.at == runner::state::blocked && below.blocked_in == action::sleep) {
      below.at = runner::state::ready; // EINTR
    }
  }
  wake_all(running_);
  reschedule(false);
}

bool scheduler::eligible(const runner& r) const noexcept {
  if (r.at != runner::state::ready || r.interrupted) {
    return false;
  }
  return r.interrupts < 0 || r.started || !runners_[static_cast<std::size_t>(r.interrupts)]->interrupted;
}

/// Chooses who goes on, and does so. Whoever may stay does, unless it is preempted.
void scheduler::reschedule(bool may_stay) noexcept {
  if (may_stay && preemptions_left_ == 0) {
    return;
  }
  std::array<runner*, 16> choices; // more can't be: there are fewer clocks, and a few handlers
  std::size_t n = 0;
  bool unfinished = false;
  if (may_stay) {
    choices[n++] = running_;
  }
  for (std::size_t i = 0; i < count_ && n < choices.size(); ++i) {
    runner& r = *runners_[i];
    unfinished = unfinished || r.at != runner::state::finished;
    if (&r != running_ && eligible(r)) {
      choices[n++] = &r;
    }
  }
  if (n == 0 && running_ != nullptr && eligible(*running_)) {
    return; // it yields, and nobody else can go on
  }
  if (n == 0) {
    if (unfinished) {
      failure_ = "every thread is blocked, and nobody is left to wake one";
    }
    if (running_ != nullptr) {
      fiber::switch_to(*std::exchange(running_, nullptr)->stack, *main_);
    }
    return;
  }
  const std::size_t taken = n > 1 ? path_->choose(n) : 0;
  if (may_stay && taken != 0) {
    --preemptions_left_;
  }
  if (choices[taken] != running_) {
    go_to(*choices[taken]);
  }
}

void scheduler::go_to(runner& r) noexcept {
  if (r.interrupts >= 0 && !r.started) {
    runners_[static_cast<std::size_t>(r.interrupts)]->interrupted = true;
  }
  r.started = true;
  runner* const from = std::exchange(running_, &r);
  fiber::switch_to(from != nullptr ? *from->stack : *main_, *r.stack);
}

plant::mistake scheduler::before(const step& s) noexcept {
  if (running_ != nullptr) {
    reschedule(true);
  }
  return note(s);
}

plant::mistake scheduler::note(const step& s) noexcept {
  clocks_[me()].tick(me());
  if (running_ == nullptr) {
    return plant::mistake::none;
  }
  trace_.push_back({s, running_});
  if (trace_.size() == most_steps) {
    fail("it goes on for ever");
  }
  const bool here = mistake_.made != plant::mistake::none && s.what == mistake_.at &&
                    std::strstr(s.where.function_name(), mistake_.in) != nullptr;
  return here ? mistake_.made : plant::mistake::none;
}

std::size_t scheduler::surprise(std::size_t options) noexcept {
  if (running_ == nullptr || options < 2 || surprises_left_ == 0) {
    return 0;
  }
  const std::size_t taken = path_->choose(options);
  surprises_left_ -= taken != 0 ? 1 : 0;
  return taken;
}

void scheduler::block(const void* on, action how) noexcept {
  if (running_ == nullptr) {
    fail("set-up and the checks afterwards can't wait for a thread");
    return;
  }
  running_->at = runner::state::blocked;
  running_->blocked_on = on;
  running_->blocked_in = how;
  reschedule(false);
}

void scheduler::wake_one(const void* on) noexcept {
  std::array<runner*, most_threads> sleepers{};
  std::size_t n = 0;
  for (std::size_t i = 0; i < count_ && n < sleepers.size(); ++i) {
    if (runners_[i]->at == runner::state::blocked && runners_[i]->blocked_on == on) {
      sleepers[n++] = runners_[i].get();
    }
  }
  if (n > 0) {
    sleepers[n > 1 ? path_->choose(n) : 0]->at = runner::state::ready;
  }
}

void scheduler::wake_all(const void* on) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (runners_[i]->at == runner::state::blocked && runners_[i]->blocked_on == on) {
      runners_[i]->at = runner::state::ready;
    }
  }
}

void scheduler::yield() noexcept {
  if (running_ != nullptr) {
    reschedule(false);
  }
}

void scheduler::join(int number) noexcept {
  runner& r = *runners_[static_cast<std::size_t>(number)];
  while (r.at != runner::state::finished) {
    block(&r, action::join);
  }
  clock().join(clocks_[r.clock]);
}

void scheduler::fail(std::string what) noexcept {
  if (failure_.empty()) {
    failure_ = std::move(what);
  }
  if (running_ != nullptr) { // never to be gone on with
    fiber::switch_to(*std::exchange(running_, nullptr)->stack, *main_);
  }
}

std::string scheduler::report() const {
  std::ostringstream out;
  out << failure_ << '\n';
  const std::size_t from = trace_.size() > steps_shown ? trace_.size() - steps_shown : 0;
  for (std::size_t i = from; i < trace_.size(); ++i) {
    const step& s = trace_[i].what;
    const std::string_view file = s.where.file_name();
    out << "  " << trace_[i].by->name << ": " << name_of(s.what) << " in " << short_name(s.where.function_name()) << ", "
        << file.substr(file.rfind('/') + 1) << ':' << s.where.line() << '\n';
  }
  for (std::size_t i = 0; i < count_; ++i) {
    if (runners_[i]->at == runner::state::blocked) {
      out << "  " << runners_[i]->name << " is blocked: " << name_of(runners_[i]->blocked_in) << '\n';
    }
  }
  out << "  path: \"" << path_->text() << "\"\n";
  return out.str();
}

} // namespace weir::enumerate
