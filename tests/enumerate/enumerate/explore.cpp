#include "explore.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

#include "scheduler.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_EXPLORE_LSAN 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define WEIR_EXPLORE_LSAN 1
#endif
#ifdef WEIR_EXPLORE_LSAN
#include <sanitizer/lsan_interface.h>
#endif

namespace weir::enumerate {

namespace {

/// An execution that failed is left as it is, in the middle of everything: nothing of it can be destroyed.
class leaves_things_behind {
public:
  explicit leaves_things_behind([[maybe_unused]] bool expected) noexcept {
#ifdef WEIR_EXPLORE_LSAN
    on_ = expected;
    if (on_) {
      __lsan_disable();
    }
#endif
  }
  leaves_things_behind(const leaves_things_behind&) = delete;
  leaves_things_behind& operator=(const leaves_things_behind&) = delete;
  ~leaves_things_behind() {
#ifdef WEIR_EXPLORE_LSAN
    if (on_) {
      __lsan_enable();
    }
#endif
  }

#ifdef WEIR_EXPLORE_LSAN
private:
  bool on_ = false;
#endif
};

void keep_for_ever(std::unique_ptr<scheduler> failed) {
  static auto* const kept = new std::vector<std::unique_ptr<scheduler>>;
  kept->push_back(std::move(failed));
}

int at_least(int limit, const char* variable) noexcept {
  const char* const text = std::getenv(variable);
  return text != nullptr ? std::max(limit, std::atoi(text)) : limit;
}

result follow(const scenario& program, path along, const limits& bounds, const plant& mistake, bool once) {
  const leaves_things_behind expected(mistake.made != plant::mistake::none);
  result r;
  auto runs = std::make_unique<scheduler>(bounds, mistake);
  do {
    ++r.executions;
    if (!runs->run(program, along)) {
      r.failure = runs->report();
      keep_for_ever(std::move(runs));
      return r;
    }
    if (once || r.executions == bounds.executions) {
      return r;
    }
  } while (along.next());
  r.complete = true;
  return r;
}

} // namespace

result explore(const scenario& program, const limits& bounds, const plant& mistake) {
  limits raised = bounds;
  raised.preemptions = at_least(bounds.preemptions, "WEIR_PREEMPTIONS");
  raised.surprises = at_least(bounds.surprises, "WEIR_SURPRISES");
  return follow(program, path(), raised, mistake, false);
}

result replay(const scenario& program, std::string_view along, const limits& bounds, const plant& mistake) {
  return follow(program, path(along), bounds, mistake, true);
}

void require(bool holds, const char* sentence) {
  if (!holds) {
    scheduler::now().fail(std::string("this doesn't hold: ") + sentence);
  }
}

} // namespace weir::enumerate
