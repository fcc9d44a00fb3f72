#include "mutations.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <zlib.h>

#include "chunks.hpp"
#include "png_writer.hpp"

namespace weir::forge {
namespace {

using chunks::place;

constexpr std::size_t largest_raw = std::size_t{1} << 20; // of compressed data that is taken apart, in bytes

std::vector<place> whole_chunks(const bytes& file) {
  std::vector<place> found = chunks::all(file);
  while (!found.empty() && found.back().end() > file.size()) {
    found.pop_back();
  }
  return found;
}

bytes copy_of(const bytes& file, const place& p) {
  return {file.begin() + static_cast<std::ptrdiff_t>(p.start), file.begin() + static_cast<std::ptrdiff_t>(p.end())};
}

void erase(bytes& file, const place& p) {
  file.erase(file.begin() + static_cast<std::ptrdiff_t>(p.start), file.begin() + static_cast<std::ptrdiff_t>(p.end()));
}

bytes random_data(std::size_t n, dice& d) {
  bytes data(n);
  std::generate(data.begin(), data.end(), [&d] { return d.byte(); });
  return data;
}

void turn(std::uint8_t& byte, unsigned bit) { byte = static_cast<std::uint8_t>(byte ^ 1U << bit); }

void cut(bytes& file, dice& d) { file.resize(d.below(file.size() + 1)); }

void turn_bits(bytes& file, dice& d) {
  for (unsigned n = d.between(1, 4); n > 0 && !file.empty(); --n) {
    std::uint8_t& at = file[d.below(file.size())];
    turn(at, d.below(8));
  }
}

void wrong_crc(bytes& file, const place& p, dice& d) {
  file[p.end() - d.between(1, 4)] ^= static_cast<std::uint8_t>(d.between(1, 255));
}

void change_data(bytes& file, const place& p, dice& d) {
  for (unsigned n = d.between(1, 3); n > 0 && p.length > 0; --n) {
    std::uint8_t& at = file[p.data() + d.below(p.length)];
    at = d.one_in(2) ? static_cast<std::uint8_t>(at ^ 1U << d.below(8)) : d.byte();
  }
  chunks::seal(file, p);
}

void move(bytes& file, const std::vector<place>& all, const place& p, dice& d) {
  const bytes chunk = copy_of(file, p);
  const bool away = d.one_in(2);
  const std::size_t to = d.one_in(6) ? file.size() : d.pick(all).start;
  file = chunks::insert(std::move(file), to, chunk);
  if (away) {
    place old = p;
    old.start += to <= p.start ? chunk.size() : 0;
    erase(file, old);
  }
}

// Seldom by gigabytes: libpng takes that much memory for some chunks, and clears it.
void lie_about_length(bytes& file, const place& p, dice& d) {
  const auto n = static_cast<std::uint32_t>(p.length);
  const std::array<std::uint32_t, 6> lengths = {
      0, n + 1, n - std::min(n, 1U), n + d.below(100'000), 0x80000000U + d.below(9), d.one_in(50) ? 0x7FFFFFFFU : n + 12};
  bytes length;
  chunks::put(length, d.pick(lengths));
  std::copy(length.begin(), length.end(), file.begin() + static_cast<std::ptrdiff_t>(p.start));
}

void change_name(bytes& file, const place& p, dice& d) {
  std::uint8_t& letter = file[p.start + 4 + d.below(4)];
  letter = d.one_in(2) ? static_cast<std::uint8_t>(letter ^ 0x20U) : d.byte();
  if (!d.one_in(4)) {
    chunks::seal(file, p);
  }
}

// Of any length, a palette's and transparency's among them, where others have none of it.
void add_chunk(bytes& file, const std::vector<place>& all, dice& d) {
  constexpr std::array<std::string_view, 26> names = {"PLTE", "PLTE", "PLTE", "tRNS", "tRNS", "tRNS", "IDAT", "IDAT", "IEND",
                                                      "IHDR", "bKGD", "gAMA", "sRGB", "sBIT", "hIST", "iCCP", "tEXt", "zTXt",
                                                      "iTXt", "cHRM", "sPLT", "eXIf", "UNKN", "unKn", "aaaa", "a1c "};
  const std::array<std::size_t, 8> lengths = {0, 1, 2, 3, 6, 3 * std::size_t{d.between(1, 260)}, d.below(300), 13};
  const std::string_view name = d.pick(names);
  const bytes chunk = chunks::make(name, random_data(d.pick(lengths), d));
  file = chunks::insert(std::move(file), d.one_in(8) ? file.size() : d.pick(all).start, chunk);
}

void resize_chunk(bytes& file, const place& p, dice& d) {
  bytes data(file.begin() + static_cast<std::ptrdiff_t>(p.data()),
             file.begin() + static_cast<std::ptrdiff_t>(p.data() + p.length));
  const std::size_t step = p.name == "PLTE" && !d.one_in(3) ? 3 : 1;
  const std::size_t change = step * d.between(1, 4);
  data.resize(d.one_in(2) || change > data.size() ? data.size() + change : data.size() - change, d.byte());
  erase(file, p);
  file = chunks::insert(std::move(file), p.start, chunks::make(p.name, data));
}

void change_header(bytes& file, const place& p, dice& d) {
  if (p.name != "IHDR" || p.length != 13) {
    return;
  }
  const auto set = [&](std::size_t at, std::uint8_t value) { file[p.data() + at] = value; };
  switch (d.below(6)) {
  case 0: file[p.data() + 3] = static_cast<std::uint8_t>(file[p.data() + 3] + (d.one_in(2) ? 1 : 255)); break;
  case 1: file[p.data() + 7] = static_cast<std::uint8_t>(file[p.data() + 7] + (d.one_in(2) ? 1 : 255)); break;
  case 2: set(8, static_cast<std::uint8_t>(1U << d.below(6))); break;
  case 3: set(9, static_cast<std::uint8_t>(d.below(8))); break;
  case 4: set(10 + d.below(3), static_cast<std::uint8_t>(d.below(3))); break;
  default: set(d.below(8), d.byte());
  }
  chunks::seal(file, p);
}

// All of the compressed data, which leaves the file; where it stood is the result.
std::size_t take_stream(bytes& file, const std::vector<place>& all, bytes& stream) {
  std::size_t where = file.size();
  for (auto p = all.rbegin(); p != all.rend(); ++p) {
    if (p->name == "IDAT") {
      stream.insert(stream.begin(), file.begin() + static_cast<std::ptrdiff_t>(p->data()),
                    file.begin() + static_cast<std::ptrdiff_t>(p->data() + p->length));
      erase(file, *p);
      where = p->start;
    }
  }
  return where;
}

bytes inflated(bytes stream) {
  z_stream z{};
  if (inflateInit2(&z, 0) != Z_OK) {
    return {};
  }
  bytes raw;
  z.next_in = stream.data();
  z.avail_in = static_cast<uInt>(stream.size());
  do {
    raw.resize(raw.size() + std::max<std::size_t>(raw.size(), 4096));
    z.next_out = raw.data() + z.total_out;
    z.avail_out = static_cast<uInt>(raw.size() - z.total_out);
  } while (inflate(&z, Z_NO_FLUSH) == Z_OK && z.avail_out == 0 && raw.size() < largest_raw);
  raw.resize(z.total_out);
  inflateEnd(&z);
  return raw;
}

void change_stream(bytes& stream, dice& d) {
  if (stream.size() < 8) {
    return;
  }
  const auto header = [&stream](const bytes& two) { std::copy(two.begin(), two.end(), stream.begin()); };
  switch (d.below(9)) {
  case 0: header(zlib_header(d.between(8, 15), d.below(4))); break;         // another window
  case 1: header(zlib_header(d.between(16, 23))); break;                    // no window
  case 2: header(zlib_header(15, 2, d.below(16))); break;                   // another method
  case 3: header(zlib_header(15, 2, 8, true)); break;                       // a dictionary
  case 4: turn(stream[1], d.below(5)); break;                               // the header's check
  case 5: turn(stream[stream.size() - d.between(1, 4)], d.below(8)); break; // the checksum
  case 6: stream.resize(stream.size() - std::min<std::size_t>(stream.size() - 1, d.between(1, 8))); break;
  case 7: stream.resize(stream.size() + d.between(1, 8), d.byte()); break;
  default: turn(stream[2 + d.below(stream.size() - 6)], d.below(8));
  }
}

// Rows that are too many, too few, or changed, all rightly compressed.
void change_rows(bytes& stream, dice& d) {
  bytes raw = inflated(stream);
  switch (d.below(4)) {
  case 0: raw.resize(raw.size() - std::min<std::size_t>(raw.size(), d.between(1, 20))); break;
  case 1: raw.resize(raw.size() + d.between(1, 20), d.byte()); break;
  case 2: raw.resize(raw.size() + d.between(1, 5000)); break;
  default:
    if (!raw.empty()) {
      raw[d.below(raw.size())] = d.byte();
    }
  }
  stream = d.one_in(2) ? deflated(raw, zlib_manner{}) : deflated(raw, block_manner{}, d);
}

// Takes the compressed stream out, gives it to `change`, and puts it back in other chunks.
template<class Change> void rewrite_stream(bytes& file, const std::vector<place>& all, dice& d, Change change) {
  bytes stream;
  const std::size_t at = take_stream(file, all, stream);
  if (stream.empty()) {
    return;
  }
  change(stream);
  const bool large = stream.size() > 10'000;
  const auto how = large ? cutting::large : static_cast<cutting>(d.below(static_cast<unsigned>(cutting::count)));
  file = chunks::insert(std::move(file), at, idat_chunks(stream, how, d));
}

void rewrite_pixels(bytes& file, const std::vector<place>& all, dice& d) {
  rewrite_stream(file, all, d, [&d](bytes& stream) { d.one_in(2) ? change_stream(stream, d) : change_rows(stream, d); });
}

void append(bytes& file, dice& d) {
  const bytes more = d.one_in(2) ? random_data(d.between(1, 100), d) : bytes(d.between(1, 100));
  file.insert(file.end(), more.begin(), more.end());
}

void mutate(bytes& file, dice& d) {
  const std::vector<place> all = whole_chunks(file);
  if (all.empty()) {
    d.one_in(2) ? cut(file, d) : turn_bits(file, d);
    return;
  }
  const place& p = d.pick(all);
  switch (d.below(14)) {
  case 0: cut(file, d); break;
  case 1: turn_bits(file, d); break;
  case 2: wrong_crc(file, p, d); break;
  case 3: change_data(file, p, d); break;
  case 4: move(file, all, p, d); break;
  case 5: lie_about_length(file, p, d); break;
  case 6: change_name(file, p, d); break;
  case 7: add_chunk(file, all, d); break;
  case 8: resize_chunk(file, p, d); break;
  case 9: change_header(file, all.front(), d); break;
  case 10: erase(file, p); break;
  case 11: append(file, d); break;
  default: rewrite_pixels(file, all, d);
  }
}

} // namespace

std::vector<std::uint8_t> mutated(std::vector<std::uint8_t> file, dice& d) {
  unsigned n = d.one_in(3) ? d.between(2, 3) : 1;
  while (n-- > 0) {
    mutate(file, d);
  }
  return file;
}

void with_mutated_stream(bytes& file, dice& d, const std::function<void(bytes&)>& change) {
  rewrite_stream(file, whole_chunks(file), d, [&d, &change](bytes& stream) {
    if (d.one_in(2)) {
      change(stream);
      return;
    }
    bytes raw = inflated(stream);
    change(raw);
    stream = d.one_in(2) ? deflated(raw, zlib_manner{}) : deflated(raw, block_manner{}, d);
  });
}

} // namespace weir::forge
