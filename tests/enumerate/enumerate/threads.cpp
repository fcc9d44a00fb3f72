#include "threads.hpp"

#include "cell.hpp"
#include "scheduler.hpp"

namespace weir::sync {

using enumerate::action;
using enumerate::scheduler;
using mistake = enumerate::plant::mistake;

void mutex::lock(std::source_location where) noexcept {
  scheduler& s = scheduler::now();
  s.before({action::lock, this, where});
  while (held_) {
    s.block(this, action::lock);
  }
  held_ = true;
  s.clock().join(released_);
}

void mutex::unlock(std::source_location where) noexcept {
  scheduler& s = scheduler::now();
  s.note({action::unlock, this, where});
  released_ = s.clock();
  held_ = false;
  s.wake_all(this);
}

void condition_variable::wait(std::unique_lock<mutex>& held, std::source_location where) noexcept {
  scheduler& s = scheduler::now();
  s.note({action::wait, this, where});
  held.mutex()->unlock(where);
  if (s.surprise(2) == 0) {
    s.block(this, action::wait);
  }
  held.mutex()->lock(where);
}

void condition_variable::notify_one(std::source_location where) noexcept {
  if (scheduler::now().before({action::notify, this, where}) != mistake::skip) {
    scheduler::now().wake_one(this);
  }
}

void condition_variable::notify_all(std::source_location where) noexcept {
  if (scheduler::now().before({action::notify, this, where}) != mistake::skip) {
    scheduler::now().wake_all(this);
  }
}

void thread::begin(std::function<void()> body) {
  scheduler::now().before({action::begin, this, std::source_location::current()});
  number_ = scheduler::now().begin("a thread of its own", std::move(body));
}

void thread::join(std::source_location where) noexcept {
  scheduler::now().before({action::join, this, where});
  scheduler::now().join(std::exchange(number_, -1));
}

void yield(std::source_location where) noexcept {
  scheduler::now().note({action::yield, nullptr, where});
  scheduler::now().yield();
}

} // namespace weir::sync

namespace weir::enumerate {

namespace {
void race(const std::source_location& where) {
  scheduler::now().fail(std::string("a data race: ") + where.function_name() +
                        " touches what another thread has written or "
                        "read, and nothing orders the two");
}
} // namespace

void touches::read(const std::source_location& where) noexcept {
  scheduler& s = scheduler::now();
  s.note({action::touch, this, where});
  if (written_ > s.clock().of(writer_)) {
    race(where);
  }
  reads_[s.me()] = s.clock().of(s.me());
}

void touches::write(const std::source_location& where) noexcept {
  scheduler& s = scheduler::now();
  s.note({action::touch, this, where});
  bool alone = written_ <= s.clock().of(writer_);
  for (std::size_t t = 0; t < most_threads; ++t) {
    alone = alone && reads_[t] <= s.clock().of(t);
  }
  if (!alone) {
    race(where);
  }
  writer_ = s.me();
  written_ = s.clock().of(writer_);
}

} // namespace weir::enumerate
