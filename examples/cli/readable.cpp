#include "readable.hpp"

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

} // namespace cli
