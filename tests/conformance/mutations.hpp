#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "dice.hpp"

namespace weir::forge {

/// The file with one to three things wrong with it, or merely unusual: cut, bits turned, checksums wrong or made right over
/// wrong data, chunks moved, doubled, missing, strange, too long, too short or in the wrong place, header and compressed data
/// that don't fit together. Any file will do; one that is not a PNG is only cut and has bits turned.
std::vector<std::uint8_t> mutated(std::vector<std::uint8_t> file, dice& d);

/// The file with its rows, or its compressed stream, changed by `change`, which gets all of either; the stream is then made of
/// the rows, its checksum right, and cut into chunks.
void with_mutated_stream(std::vector<std::uint8_t>& file, dice& d,
                         const std::function<void(std::vector<std::uint8_t>&)>& change);

} // namespace weir::forge
