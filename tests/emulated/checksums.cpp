// What the fast decoder needs of libdeflate, which is not there for the emulated processor.

#include <libdeflate.h>

#include "png/crc32.hpp"

extern "C" std::uint32_t libdeflate_adler32(std::uint32_t adler, const void* buffer, std::size_t size) {
  std::uint32_t a = adler & 0xFFFFU;
  std::uint32_t b = adler >> 16;
  for (std::size_t i = 0; i < size; ++i) {
    a = (a + static_cast<const std::uint8_t*>(buffer)[i]) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

extern "C" std::uint32_t libdeflate_crc32(std::uint32_t crc, const void* buffer, std::size_t size) {
  std::uint32_t c = ~crc;
  for (std::size_t i = 0; i < size; ++i) {
    c = weir::png::detail::crc_table[(c ^ static_cast<const std::uint8_t*>(buffer)[i]) & 0xFFU] ^ (c >> 8);
  }
  return ~c;
}
