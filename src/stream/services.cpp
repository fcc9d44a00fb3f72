#include "services.hpp"

#include "operations.hpp"
#include <new>

#include <weir/detail/recycler.hpp>
#include <weir/detail/stream.hpp>

namespace weir::detail {

void services::note_wait(root_state* root, const char* what, std::string_view whose) const noexcept {
  if (root == nullptr) {
    return;
  }
  root->waited_until = loop.now();
  try {
    root->waited_for = what;
    root->waited_for += ": ";
    root->waited_for += whose;
  } catch (...) { // no memory for a text: then what is there stays
  }
}

void note_held(const owner& memory) noexcept { hold_by_user(memory); }

void services::release(memory::segment* chain) noexcept {
  if (chain == nullptr || frame_recycler::current() == loop.frames()) {
    files.release(chain);
    return;
  }
  // Not on the loop: the request goes there in the memory that it is about, so that it can't fail.
  struct request final : loop::remote_node {
    request(memory::segment_pool& p, memory::segment* c) noexcept : remote_node(&arrive), pool(p), first(c) {}
    static void arrive(loop::remote_node& n) noexcept {
      const auto& self = static_cast<request&>(n);
      memory::segment_pool& to = self.pool;
      to.release(self.first); // its memory is gone with that
    }
    memory::segment_pool& pool;
    memory::segment* first;
  };
  static_assert(sizeof(request) <= memory::segment_bytes);
  loop.post_remote(*new (chain->data) request(files, chain));
}

void note_end(services& runtime, root_state* root) noexcept {
  if (root != nullptr) {
    root->ending_since = runtime.loop.now();
  }
}

void note_ended(services& runtime, root_state* root) noexcept {
  if (root != nullptr) {
    root->ending_until = runtime.loop.now();
  }
}

} // namespace weir::detail
