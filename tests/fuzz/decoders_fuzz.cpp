// Every input is a file that all decoders are asked about (comparer.hpp), under a setting that the file itself makes.
#include <cstdio>
#include <cstdlib>

#include "../conformance/any_setting.hpp"
#include "../conformance/comparer.hpp"
#include "../conformance/dice.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  static conformance::comparer decoders(std::size_t{1} << 20);
  std::uint64_t seed = size;
  for (std::size_t i = 0; i < size; ++i) {
    seed = (seed ^ data[i]) * 0x100000001B3U;
  }
  forge::dice d(seed);
  const conformance::setting how = conformance::any_setting(d);
  const std::string wrong = decoders.difference({data, data + size}, how);
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n  %s\n", wrong.c_str(), text(how).c_str());
    std::abort();
  }
  return 0;
}
