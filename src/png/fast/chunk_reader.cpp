#include "chunk_reader.hpp"

#include <algorithm>

#include <libdeflate.h>

namespace weir::png {

bool chunk_reader::signature() noexcept {
  constexpr std::array<std::uint8_t, 8> expected = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  std::array<std::uint8_t, 8> read{};
  return input_.take(read.data(), read.size()) == read.size() && read == expected;
}

bool chunk_reader::next() noexcept {
  std::array<std::uint8_t, 8> start{};
  if (stop_.requested() || input_.take(start.data(), start.size()) < start.size()) { // any number of chunks may be empty
    return false;
  }
  left_ = big_endian(start.data());
  name_ = big_endian(start.data() + 4);
  checksum_ = libdeflate_crc32(0, start.data() + 4, 4);
  const auto is_letter = [](std::uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  return left_ <= 0x7FFFFFFFU && std::all_of(start.begin() + 4, start.end(), is_letter);
}

bool chunk_reader::read(std::uint8_t* to, std::size_t size) noexcept {
  if (size > left_ || input_.take(to, size) < size) {
    return false;
  }
  checksum_ = libdeflate_crc32(checksum_, to, size);
  left_ -= static_cast<std::uint32_t>(size);
  return true;
}

std::span<const std::uint8_t> chunk_reader::piece(std::size_t most) noexcept {
  const std::span<const std::byte> taken = input_.take_piece(std::min<std::size_t>(most, left_));
  checksum_ = libdeflate_crc32(checksum_, taken.data(), taken.size());
  left_ -= static_cast<std::uint32_t>(taken.size());
  return {reinterpret_cast<const std::uint8_t*>(taken.data()), taken.size()};
}

bool chunk_reader::finish() noexcept {
  while (left_ > 0) {
    if (stop_.requested() || piece(32 * 1024).empty()) {
      return false;
    }
  }
  std::array<std::uint8_t, 4> stated{};
  return input_.take(stated.data(), stated.size()) == stated.size() && big_endian(stated.data()) == checksum_;
}

} // namespace weir::png
