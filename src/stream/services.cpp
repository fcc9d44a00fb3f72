#include "services.hpp"

#include "operations.hpp"
#include <weir/detail/stream.hpp>

namespace weir::detail {

void services::note_wait(const char* what, std::string_view whose) noexcept {
  try {
    waited_for = what;
    waited_for += ": ";
    waited_for += whose;
  } catch (...) { // no memory for a text: then what is there stays
  }
}

void note_held(const owner& memory) noexcept { hold_by_user(memory); }

void note_end(services& runtime, root_state* root) noexcept {
  if (root != nullptr) {
    root->ending_since = runtime.loop.now();
  }
}

} // namespace weir::detail
