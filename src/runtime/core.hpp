#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "../io/make_engine.hpp"
#include "../loop/loop.hpp"
#include "../loop/uv.hpp"
#include "../memory/pool.hpp"
#include "../memory/segment_pool.hpp"
#include "../stream/services.hpp"
#include "../workers/crew.hpp"
#include "control.hpp"
#include "foundation.hpp"
#include "watchdog.hpp"
#include <weir/detail/recycler.hpp>
#include <weir/detail/root.hpp>
#include <weir/runtime.hpp>

namespace weir::detail {

/// What a runtime is made of, in the order of making; taken apart in the reverse order, when no root is left.
struct runtime_core final : loop::turn_end, watched {
  explicit runtime_core(const runtime_options& o);
  runtime_core(const runtime_options& o, foundation& on);
  ~runtime_core();
  runtime_core(const runtime_core&) = delete;
  runtime_core& operator=(const runtime_core&) = delete;

  void make(foundation& on); ///< the constructors' other half
  void add(root_base& r);
  void remove(root_base& r) noexcept;
  void hold_host() noexcept; ///< counted; no effect on a loop of its own
  void release_host() noexcept;
  void stop_all() noexcept;
  void end_of_turn() noexcept override;
  /// Stops what runs. When the last root has ended: take_down, by whoever runs the loop then.
  void begin_closing(std::function<void()> closed);
  /// Runs the loop until the runtime is gone; by then it may be destroyed.
  void until_gone();
  /// Ends run() if nothing has been started, once what other threads have started by now has arrived.
  void quit_if_idle_later();
  /// Something of this runtime is running on this thread right now.
  [[nodiscard]] bool inside() const noexcept { return frame_recycler::current() == frames.get(); }
  /// Ends the threads; with them gone, gives the loop up. No root may be left. Not in a turn of the own loop.
  void take_down();
  [[nodiscard]] audit_report audit() const;
  [[nodiscard]] std::string dump() const; ///< see runtime::dump
  void request_dump() noexcept;
  void give_dump(const std::string& heading) const noexcept; ///< to the user's callback
  void look_for_slow_stops() noexcept override;
  void loop_is_stuck() noexcept override;
  [[noreturn]] void fatal(const char* what) const noexcept;

  runtime_options options;
  uv_loop_t* host = nullptr;
  std::string_view engine_name; // known also when it is gone
  std::unique_ptr<loop::loop> turns;
  std::unique_ptr<frame_recycler, frame_recycler::closer> frames;
  std::unique_ptr<memory::pool> pixels;
  std::unique_ptr<memory::segment_pool> files;
  std::unique_ptr<workers::crew> crew;
  std::unique_ptr<io::engine> engine;
  std::unique_ptr<watchdog> watch; // none, if it wasn't asked for
  std::unique_ptr<services> given;

  root_base* first_root = nullptr;
  std::size_t roots = 0;
  /// Who took the last turn of a host's loop: a start from there keeps that loop alive until it arrives. Before the first turn
  /// the runtime itself does.
  std::atomic<std::thread::id> turning{};
  bool held_for_first_turn = false;
  bool until_idle = false; // run() without a task

  // A dump that was asked for. `asking` counts who is between the look at `no_more_dumps` and the end of the post.
  struct dump_request final : loop::remote_node {
    explicit dump_request(runtime_core& c) noexcept;
    runtime_core& core;
  } dump_wanted{*this};
  struct slow_stop_look final : loop::remote_node { // the watchdog's request
    explicit slow_stop_look(runtime_core& c) noexcept;
    runtime_core& core;
  } look_wanted{*this};
  std::atomic<bool> dump_posted{false};
  std::atomic<bool> no_more_dumps{false};
  std::atomic<int> asking{0};

  // The end, in this order. From the first on what is started ends at once, as stopped.
  bool closing = false;          // close() was called
  bool closed = false;           // taken down; a host's loop has its handles yet
  std::atomic<bool> shut{false}; // nothing can be posted to the loop any more
  /// It has given everything back. Whoever waits for that has a copy: the user's callback may destroy the runtime.
  std::shared_ptr<bool> gone = std::make_shared<bool>(false);
  std::function<void()> on_closed; // the user's
  audit_report at_end;             // of the moment when it was taken down, but for the frames
  memory::pool_usage pixels_at_end;
};

/// A start from another thread, on its way.
struct start_request final : loop::remote_node {
  start_request(runtime_core& c, root_base* r) noexcept : remote_node(&arrive), core(c), root(r) {}
  static void arrive(loop::remote_node& n) noexcept;
  runtime_core& core;
  root_base* root;
  bool holds_host = false;
};

} // namespace weir::detail
