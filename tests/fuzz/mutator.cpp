// Mutations that get past a PNG's checksums: libFuzzer's own on a chunk's data, the compressed stream or the rows themselves,
// with lengths and checksums made right again; and those of the conformance tests.
#include <algorithm>
#include <cstring>

#include "../conformance/chunks.hpp"
#include "../conformance/dice.hpp"
#include "../conformance/mutations.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace {

using namespace weir;
using chunks::bytes;

void mutate_plainly(bytes& data) {
  const std::size_t size = data.size();
  data.resize(size + 32);
  data.resize(LLVMFuzzerMutate(data.data(), size, data.size()));
}

std::vector<chunks::place> whole_chunks(const bytes& file) {
  std::vector<chunks::place> found = chunks::all(file);
  while (!found.empty() && found.back().end() > file.size()) {
    found.pop_back();
  }
  return found;
}

void mutate_a_chunk(bytes& file, forge::dice& d) {
  const auto all = whole_chunks(file);
  if (all.empty()) {
    mutate_plainly(file);
    return;
  }
  const chunks::place& p = d.pick(all);
  bytes data(file.begin() + static_cast<std::ptrdiff_t>(p.data()),
             file.begin() + static_cast<std::ptrdiff_t>(p.data() + p.length));
  mutate_plainly(data);
  file.erase(file.begin() + static_cast<std::ptrdiff_t>(p.start), file.begin() + static_cast<std::ptrdiff_t>(p.end()));
  file = chunks::insert(std::move(file), p.start, chunks::make(p.name, data));
}

} // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  forge::dice d(seed);
  bytes file(data, data + size);
  switch (d.below(5)) {
  case 0:
    mutate_plainly(file);
    for (const auto& p : whole_chunks(file)) {
      chunks::seal(file, p);
    }
    break;
  case 1:
  case 2: mutate_a_chunk(file, d); break;
  case 3: forge::with_mutated_stream(file, d, mutate_plainly); break;
  default: file = forge::mutated(std::move(file), d);
  }
  const std::size_t n = std::min(file.size(), most);
  if (n > 0) {
    std::memcpy(data, file.data(), n);
  }
  return n;
}
