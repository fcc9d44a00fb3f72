#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <weir/stop_flag.hpp>

namespace stream_decode {

/// The header of a NumPy .npy file, version 1.0: C order, uint8 or uint16 in this machine's byte order.
[[nodiscard]] std::string npy_header(std::span<const std::uint64_t> dimensions, unsigned bits);

/// Writes one .npy file: the header, then the parts one after another. They have to come to as many bytes as the dimensions
/// say. The file appears under its name whole or not at all, and replaces one that is there. Blocks: call it on a worker.
///
/// Returns false if `stop` was requested before the end (looked at every MiB); nothing is left behind then, as after a failure.
/// Throws output_error, whose text has the path and the system's reason.
bool write_npy(const std::string& path, std::span<const std::uint64_t> dimensions, unsigned bits,
               std::span<const std::span<const std::byte>> parts, weir::stop_flag stop = {});

/// Makes the directory if it is not there (its parent has to be). Throws output_error.
void make_output_directory(const std::string& path);

/// "DIRECTORY/batch-000000.npy" and "DIRECTORY/image-000000.npy".
[[nodiscard]] std::string batch_file(const std::string& directory, std::uint64_t number);
[[nodiscard]] std::string image_file(const std::string& directory, std::uint64_t index);

} // namespace stream_decode
