// Which coroutine patterns this compiler gets right. Compilers that users have miscompile some of them (g++ 12.2: GCC PR99576,
// PR107288, PR106188); the library's interface keeps out of their way. Each pattern runs in a child process, so that a crash is
// recorded, not fatal. The program fails only if a form that the library relies on and recommends goes wrong; the others are
// listed, so that the rules can be trimmed one day.

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// A task of the simplest kind, so that nothing but the compiler is tried.
template<class T> struct slot {
  std::optional<T> value;
  template<class U> void return_value(U&& v) { value.emplace(std::forward<U>(v)); }
  T take() { return std::move(*value); }
};
template<> struct slot<void> {
  void return_void() noexcept {}
  void take() noexcept {}
};

template<class T = void> class task {
public:
  struct promise_type : slot<T> {
    std::coroutine_handle<> caller;
    task get_return_object() noexcept { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct final_awaiter {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().caller ? h.promise().caller : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    final_awaiter final_suspend() noexcept { return {}; }
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
  task(task&& o) noexcept : h_(std::exchange(o.h_, {})) {}
  task& operator=(task&&) = delete;
  ~task() {
    if (h_) {
      h_.destroy();
    }
  }
  class awaiter {
  public:
    explicit awaiter(task&& t) noexcept : task_(std::move(t)) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
      task_.h_.promise().caller = caller;
      return task_.h_;
    }
    T await_resume() { return task_.h_.promise().take(); }

  private:
    task task_;
  };
  awaiter operator co_await() && noexcept { return awaiter(std::move(*this)); }
  T run() {
    h_.resume();
    return h_.promise().take();
  }

private:
  explicit task(std::coroutine_handle<promise_type> h) noexcept : h_(h) {}
  std::coroutine_handle<promise_type> h_;
};

/// Counts what is alive; what is destroyed twice shows, even where the heap doesn't notice.
int alive = 0;
class probe {
public:
  probe() : owned_(std::make_unique<int>(1)) { ++alive; }
  probe(const probe& o) : owned_(std::make_unique<int>(*o.owned_)) { ++alive; }
  probe(probe&& o) noexcept : owned_(std::move(o.owned_)) { ++alive; }
  probe& operator=(const probe&) = delete;
  ~probe() { --alive; }

private:
  std::unique_ptr<int> owned_;
};

struct aggregate {
  probe p;
  std::string s;
};
struct with_constructor {
  with_constructor() : s("a string that is too long for the small buffer") {}
  probe p;
  std::string s;
};
struct scalars {
  int depth = 1;
  bool wide = false;
};

task<int> by_value(aggregate a) { co_return static_cast<int>(a.s.size()); }
task<int> by_reference(const aggregate& a) { co_return static_cast<int>(a.s.size()); }
task<int> ordinary(aggregate a) { return by_value(std::move(a)); }
task<int> takes(with_constructor c) { co_return static_cast<int>(c.s.size()); }
task<int> takes_options(scalars o) { co_return o.depth; }
task<int> takes_function(std::function<int()> f) { co_return f(); }
template<class F> task<int> takes_closure(F f) { co_return f(); }
task<probe> gives() { co_return probe(); }
task<bool> yes() { co_return true; }
int side_effect = 0;

const std::string long_text = "a string that is too long for the small buffer";
const int long_size = static_cast<int>(long_text.size());

bool check(task<bool> t) { return t.run(); }

// The patterns. Each returns whether what it computed is right.
task<bool> capturing_closure_called() {
  probe p;
  const int n = co_await [q = p]() -> task<int> { co_return 1; }();
  co_return n == 1;
}
task<bool> capturing_closure_as_argument() {
  std::string s = long_text;
  const int n = co_await takes_closure([s] { return static_cast<int>(s.size()); });
  co_return n == long_size;
}
task<bool> std_function_as_argument() {
  std::string s = long_text;
  const int n = co_await takes_function([s] { return static_cast<int>(s.size()); });
  co_return n == long_size;
}
task<bool> aggregate_by_value() {
  const int n = co_await by_value(aggregate{{}, long_text});
  co_return n == long_size;
}
task<bool> aggregate_by_reference() {
  const int n = co_await by_reference(aggregate{{}, long_text});
  co_return n == long_size;
}
task<bool> aggregate_to_ordinary_function() {
  const int n = co_await ordinary(aggregate{{}, long_text});
  co_return n == long_size;
}
struct pair_of {
  probe a;
  probe b;
};
task<bool> braces_around_awaits() {
  const pair_of p{co_await gives(), co_await gives()};
  co_return true;
}
task<pair_of> returns_braces() { co_return pair_of{co_await gives(), co_await gives()}; }
task<bool> co_return_of_braces() {
  const pair_of p = co_await returns_braces();
  co_return true;
}
task<bool> push_back_of_braces() {
  std::vector<pair_of> v;
  v.push_back(pair_of{co_await gives(), co_await gives()});
  co_return v.size() == 1;
}
task<bool> conditional_of_await() {
  const bool which = side_effect == 0;
  const probe p = which ? co_await gives() : probe();
  co_return true;
}
struct aggregate_awaiter {
  probe p;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  int await_resume() const noexcept { return 3; }
};
task<bool> an_aggregate_as_awaiter() {
  const int n = co_await aggregate_awaiter{};
  co_return n == 3;
}
task<> bare_condition_body() {
  if (co_await yes()) {
    ++side_effect;
  }
}
task<bool> bare_condition_without_locals() {
  side_effect = 0;
  auto t = bare_condition_body();
  t.run();
  co_return side_effect == 1;
}
struct counting_awaiter {
  int* copies;
  explicit counting_awaiter(int& c) : copies(&c) {}
  counting_awaiter(const counting_awaiter& o) : copies(o.copies) { ++*copies; }
  counting_awaiter& operator=(const counting_awaiter&) = delete;
  bool await_ready() const noexcept { return true; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};
struct gives_reference {
  counting_awaiter& a;
  explicit gives_reference(counting_awaiter& r) : a(r) {}
  counting_awaiter& operator co_await() const noexcept { return a; }
};
task<bool> awaiter_by_reference() {
  int copies = 0;
  counting_awaiter a(copies);
  co_await gives_reference(a);
  co_return copies == 0;
}
struct alignas(64) line {
  char bytes[64] = {};
};
task<bool> is_aligned() {
  line l;
  co_await yes();
  volatile std::uintptr_t address = reinterpret_cast<std::uintptr_t>(&l); // or it is taken for granted
  co_return address % 64 == 0;
}
task<bool> over_aligned_local() {
  bool always = true;
  std::vector<std::unique_ptr<char[]>> between; // so that not all frames come to lie alike
  for (std::size_t i = 0; i < 32; ++i) {
    auto t = is_aligned();
    const bool now = co_await std::move(t);
    always = always && now;
    between.push_back(std::make_unique<char[]>(16 * i + 8));
  }
  co_return always;
}
task<int> one() { co_return 1; }
task<bool> symmetric_transfer_100000() {
  int sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    sum += co_await one();
  }
  co_return sum == 100'000;
}

// What the library uses and recommends.
task<bool> safe_named_closure() {
  std::string s = long_text;
  auto f = [s] { return static_cast<int>(s.size()); };
  const int n = co_await takes_closure(f);
  co_return n == long_size;
}
task<bool> safe_closure_by_reference() {
  std::string s = long_text;
  const int n = co_await takes_closure([&] { return static_cast<int>(s.size()); });
  co_return n == long_size;
}
task<bool> safe_split_expression() {
  auto t = by_value(aggregate{{}, long_text});
  const int n = co_await std::move(t);
  co_return n == long_size;
}
task<bool> safe_temporary_with_constructor() {
  const int n = co_await takes(with_constructor());
  co_return n == long_size;
}
task<bool> safe_scalar_options() {
  const int n = co_await takes_options({.depth = 3});
  co_return n == 3;
}
task<bool> safe_named_awaited_values() {
  probe a = co_await gives();
  probe b = co_await gives();
  const pair_of p{std::move(a), std::move(b)};
  co_return true;
}
task<> bound_condition_body() {
  if (const bool b = co_await yes(); b) {
    ++side_effect;
  }
}
task<bool> safe_bound_condition() {
  side_effect = 0;
  auto t = bound_condition_body();
  t.run();
  co_return side_effect == 1;
}

struct pattern {
  const char* name;
  task<bool> (*run)();
  bool relied_on;
};
const pattern patterns[] = {
    {"a capturing closure that is a coroutine, called in a co_await", capturing_closure_called, false},
    {"a capturing closure as an argument in a co_await", capturing_closure_as_argument, false},
    {"a std::function as an argument in a co_await", std_function_as_argument, false},
    {"an aggregate by value in a co_await", aggregate_by_value, false},
    {"an aggregate by const& in a co_await", aggregate_by_reference, false},
    {"an aggregate to an ordinary function that returns an awaitable", aggregate_to_ordinary_function, false},
    {"braces around co_awaits", braces_around_awaits, false},
    {"co_return of braces around co_awaits", co_return_of_braces, false},
    {"push_back of braces around co_awaits", push_back_of_braces, false},
    {"?: with a class-type co_await", conditional_of_await, false},
    {"an aggregate as an awaiter", an_aggregate_as_awaiter, false},
    {"a bare co_await as a condition, without local variables", bare_condition_without_locals, false},
    {"operator co_await that returns a reference", awaiter_by_reference, false},
    {"an over-aligned local", over_aligned_local, false},
    {"symmetric transfer, 100,000 times, in 1 MiB of stack", symmetric_transfer_100000, false},
    {"a closure with a name", safe_named_closure, true},
    {"a closure that captures by reference", safe_closure_by_reference, true},
    {"an aggregate, the expression split in two", safe_split_expression, true},
    {"a temporary with a constructor", safe_temporary_with_constructor, true},
    {"options that are scalars", safe_scalar_options, true},
    {"awaited values that have names", safe_named_awaited_values, true},
    {"a condition that binds what it awaits", safe_bound_condition, true},
};

/// In a child process with a small stack; true: the value was right, and everything was destroyed once.
bool passes(const pattern& p) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    std::fclose(stderr); // what the heap says of a double free
    const bool right = check(p.run());
    _exit(right && alive == 0 ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

int main() {
  const rlimit stack = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_STACK, &stack);
  bool as_relied_on = true;
  for (const pattern& p : patterns) {
    const bool right = passes(p);
    as_relied_on = as_relied_on && (right || !p.relied_on);
    std::printf("%s  %s%s\n", right ? "right" : "WRONG", p.relied_on ? "(relied on) " : "", p.name);
  }
  return as_relied_on ? EXIT_SUCCESS : EXIT_FAILURE;
}
