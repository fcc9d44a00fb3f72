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

runtime_core::dump_request::dump_request(runtime_core& c) noexcept
    : remote_node([](remote_node& n) noexcept {
        runtime_core& self = static_cast<dump_request&>(n).core;
        self.dump_posted.store(false);
        if (self.options.on_dump == nullptr || self.closed) {
          return;
        }
        std::string text;
        try {
          text = self.dump();
        } catch (...) {
          self.options.on_dump(self.options.on_dump_context, "weir: no memory for a dump\n");
          return;
        }
        self.options.on_dump(self.options.on_dump_context, text);
      }),
      core(c) {}

void runtime_core::request_dump() noexcept {
  asking.fetch_add(1);
  if (!no_more_dumps.load() && !dump_posted.exchange(true)) {
    turns->post_remote(dump_wanted);
  }
  asking.fetch_sub(1);
}

} // namespace weir::detail
