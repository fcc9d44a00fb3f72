#include <weir/detail/result.hpp>

#include <stdexcept>

namespace weir::detail {

void throw_misuse(const char* what) { throw std::logic_error(what); }

} // namespace weir::detail
