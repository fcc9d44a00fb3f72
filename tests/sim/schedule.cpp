#include "schedule.hpp"

#include <array>
#include <charconv>

namespace weir::explore {

namespace {
constexpr std::array<std::string_view, 8> names{"none", "open", "read", "submit", "allocation", "memory", "job", "thread"};

template<class T> bool number(std::string_view text, T& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc() && end == text.data() + text.size();
}
} // namespace

std::string to_text(fault what, std::uint64_t k, int error) {
  std::string text(names[static_cast<std::size_t>(what)]);
  text += ':' + std::to_string(k);
  return what == fault::open || what == fault::read ? text + ':' + std::to_string(error) : text;
}

std::string command_for(const schedule& s, std::string_view planted) {
  std::string text = "tools/explore --pipeline " + std::to_string(s.pipeline) + " --seed " + std::to_string(s.seed) +
                     " --stop-at " + std::to_string(s.stop_at);
  if (s.what != fault::none) {
    text += " --fail " + to_text(s.what, s.k, s.error);
  }
  if (!planted.empty()) {
    text += " --plant " + std::string(planted);
  }
  return text;
}

bool parse_fault(std::string_view text, schedule& to) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return false;
  }
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (names[i] == text.substr(0, colon)) {
      to.what = static_cast<fault>(i);
      const bool with_error = to.what == fault::open || to.what == fault::read;
      std::string_view rest = text.substr(colon + 1);
      const std::size_t second = rest.find(':');
      if (with_error != (second != std::string_view::npos)) {
        return false;
      }
      return number(rest.substr(0, second), to.k) && to.k != 0 && (!with_error || number(rest.substr(second + 1), to.error));
    }
  }
  return false;
}

} // namespace weir::explore
