#include "path.hpp"

#include <sstream>

namespace weir::enumerate {

path::path(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::size_t place = 0;
  std::size_t taken = 0;
  char colon = 0;
  while (in >> place >> colon >> taken) {
    decisions_.resize(place, {0, 0});
    decisions_.push_back({0, taken});
  }
}

std::size_t path::choose(std::size_t options) {
  if (at_ == decisions_.size()) {
    decisions_.push_back({options, 0});
  }
  decision& d = decisions_[at_++];
  if (d.options == 0) {
    d.options = options;
  }
  if (d.options != options || d.taken >= options) {
    diverged_ = true;
    return 0;
  }
  return d.taken;
}

void path::append(std::size_t options, std::size_t taken) {
  decisions_.push_back({options, taken});
  at_ = decisions_.size();
}

bool path::next() {
  decisions_.resize(at_); // what follows belongs to an execution that went further
  while (!decisions_.empty() && decisions_.back().taken + 1 >= decisions_.back().options) {
    decisions_.pop_back();
  }
  if (decisions_.empty()) {
    return false;
  }
  ++decisions_.back().taken;
  return true;
}

std::string path::text() const {
  std::ostringstream out;
  const char* between = "";
  for (std::size_t i = 0; i < decisions_.size() && i < at_; ++i) {
    if (decisions_[i].taken != 0) {
      out << between << i << ':' << decisions_[i].taken;
      between = " ";
    }
  }
  return out.str();
}

} // namespace weir::enumerate
