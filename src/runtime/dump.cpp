#include <algorithm>
#include <string>
#include <vector>

#include "../core/tree_dump.hpp"
#include "core.hpp"

namespace weir::detail {

namespace {

std::string counted(std::size_t n, const char* what) { return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s"); }

std::string memory_line(const memory::pool_usage& p, const memory::segment_usage& f) {
  std::string s = "pixels: " + in_bytes(p.in_use) + " of " + in_bytes(p.budget) + " in " + counted(p.leases, "block") +
                  ", of them " + in_bytes(p.bytes_held_by_user) + " in " + std::to_string(p.held_by_user) +
                  " held by the user; " + counted(p.waiting, "request") + " waiting\n";
  s += "file bytes: " + in_bytes(f.in_use) + " of " + in_bytes(f.budget) + "; " + counted(f.waiting, "request") + " waiting\n";
  return s;
}

/// What a root was asked, if it was.
std::string asked_of(root_base& r, time_point now) {
  const std::int64_t at = r.control()->requested_at.load();
  if (!r.control()->stop_requested.load() || at == 0) {
    return {};
  }
  return ", asked to stop " +
         in_seconds(std::max(now - time_point(std::chrono::nanoseconds(at)), std::chrono::nanoseconds(0))) + " ago";
}

} // namespace

std::string runtime_core::dump() const {
  std::string s = "weir: " + counted(roots, "task") + " started, loop " + std::string(turns->name()) + ", engine " +
                  std::string(engine_name) +
                  (closed    ? ", closed\n"
                   : closing ? ", closing\n"
                             : "\n");
  if (closed) {
    return s;
  }
  s += memory_line(pixels->usage(), files->usage());
  s += "workers: " + std::to_string(crew->threads()) + ", with " + counted(crew->running(), "job") + " running and " +
       std::to_string(crew->queued()) + " queued; engine: " + counted(engine->outstanding(), "operation") + '\n';
  std::vector<root_base*> all;
  for (root_base* r = first_root; r != nullptr; r = r->next) {
    all.push_back(r);
  }
  const time_point now = turns->now();
  tree_dump tree(now);
  for (std::size_t i = all.size(); i-- > 0;) { // the list has the latest first
    s += "task " + std::to_string(all.size() - i) + asked_of(*all[i], now) + ":\n" + tree.below(all[i]->source());
  }
  return s;
}

void runtime_core::give_dump(const std::string& heading) const noexcept {
  std::string text;
  try {
    text = heading + dump();
  } catch (...) {
    options.on_dump(options.on_dump_context, "weir: no memory for a dump\n");
    return;
  }
  options.on_dump(options.on_dump_context, text);
}

// --- asked for

runtime_core::dump_request::dump_request(runtime_core& c) noexcept
    : remote_node([](remote_node& n) noexcept {
        runtime_core& self = static_cast<dump_request&>(n).core;
        self.dump_posted.store(false);
        if (self.options.on_dump != nullptr && !self.closed) {
          self.give_dump({});
        }
      }),
      core(c) {}

void runtime_core::request_dump() noexcept {
  asking.fetch_add(1);
  if (!no_more_dumps.load() && !dump_posted.exchange(true)) {
    turns->post_remote(dump_wanted);
  }
  asking.fetch_sub(1);
}

// --- the watchdog's

runtime_core::slow_stop_look::slow_stop_look(runtime_core& c) noexcept
    : remote_node([](remote_node& n) noexcept {
        runtime_core& self = static_cast<slow_stop_look&>(n).core;
        if (!self.watch) {
          return;
        }
        self.watch->answered();
        const time_point now = self.turns->now();
        bool slow = false;
        for (root_base* r = self.first_root; r != nullptr; r = r->next) {
          root_control& asked = *r->control();
          const time_point from = std::max(time_point(std::chrono::nanoseconds(asked.requested_at.load())), asked.bound_at);
          if (asked.stop_requested.load() && !asked.told_slow && now - from >= self.options.slow_stop) {
            asked.told_slow = slow = true;
          }
        }
        if (slow) {
          self.give_dump("weir: a stop has taken longer than " + in_seconds(self.options.slow_stop) + "\n");
        }
      }),
      core(c) {}

void runtime_core::look_for_slow_stops() noexcept { turns->post_remote(look_wanted); }

// On the watchdog's thread, so the tree can't be looked at.
void runtime_core::loop_is_stuck() noexcept {
  std::string s;
  try {
    s = "weir: a stop has taken longer than " + in_seconds(options.slow_stop) +
        ", and the loop thread hasn't looked at it for as long: a function that it called hasn't returned, or nobody runs the "
        "loop\nthe task that it ran last: " +
        place_in_source(turns->last_step()) + "\nworkers: " + std::to_string(crew->threads()) + ", with " +
        counted(crew->running(), "job") + " running\n";
  } catch (...) {
    options.on_dump(options.on_dump_context, "weir: a stop takes long, and the loop thread is stuck\n");
    return;
  }
  options.on_dump(options.on_dump_context, s);
}

} // namespace weir::detail
