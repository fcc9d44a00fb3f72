#include "readable.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace cli {

std::string readable_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.2f} {}", value, units[unit]);
}

std::string readable_time(double microseconds) {
  if (microseconds < 1e3)
    return fmt::format("{:.0f} µs", microseconds);
  if (microseconds < 1e6)
    return fmt::format("{:.1f} ms", microseconds / 1e3);
  return fmt::format("{:.2f} s", microseconds / 1e6);
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char byte : text) {
    switch (byte) {
    case '\t': out += "\\t"; break;
    case '\n': out += "\\n"; break;
    case '\\': out += "\\\\"; break;
    default: out += byte;
    }
  }
  return out;
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char byte : escaped(text))
    out += static_cast<unsigned char>(byte) < 0x20 || byte == 0x7F ? '?' : byte;
  return out;
}

std::string quoted(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::none_of(text.begin(), text.end(), is_control)) {
    std::string word = "'";
    for (const char c : text) {
      word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
  }
  std::string word = "$'";
  for (const char c : text) {
    if (is_control(c)) {
      word += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    } else {
      word += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    }
  }
  return word + "'";
}

} // namespace cli
