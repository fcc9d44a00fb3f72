#include <weir/detail/result.hpp>

#include <stdexcept>

namespace weir::detail {

void throw_misuse(const char* what) { throw std::logic_error(what); }
void throw_awaited_twice() { throw_misuse("weir: a task that is empty, or was awaited before, was awaited"); }

} // namespace weir::detail
