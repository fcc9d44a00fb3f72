#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "../memory/lease.hpp"
#include "../memory/segment.hpp"
#include "../png/decode.hpp"
#include "../png/header.hpp"
#include "../png/reference.hpp"
#include "errors.hpp"
#include "operations.hpp"
#include "services.hpp"
#include <weir/encoded.hpp>
#include <weir/png_options.hpp>
#include <weir/stopped.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// The bytes of an input as a chain of segments, which is how a decoder takes them. Refers to the bytes. A caller's buffer of
/// more than 4 GiB is cut off there: no PNG that passes the limits needs more.
class input_view {
public:
  explicit input_view(const encoded& bytes) noexcept : first_(bytes.first()) {
    if (first_ == nullptr) {
      const std::span<const std::byte> flat = bytes.flat();
      flat_.data = const_cast<std::byte*>(flat.data()); // read only
      flat_.capacity = flat_.used = static_cast<std::uint32_t>(std::min<std::size_t>(flat.size(), 0xFFFFFFFFU));
    }
  }
  [[nodiscard]] const memory::segment* first() const noexcept { return first_ != nullptr ? first_ : &flat_; }

private:
  const memory::segment* first_;
  memory::segment flat_;
};

/// One image on its way: what its header says, and the memory that its job will need.
struct decode_plan {
  png::header header{};
  shape output{};
  memory::lease scratch{}; // empty: the worker's own is enough
};

/// What became of planning: a plan, or a failure. A class of its own, as g++ 12.2 wants it.
class planned {
public:
  explicit planned(decode_plan p) : plan(std::move(p)) {}
  explicit planned(std::exception_ptr f) : failure(std::move(f)) {}
  decode_plan plan;
  std::exception_ptr failure;
};

/// Decodes for a pipeline and for single requests: the steps, each a coroutine or a function on the loop.
class decoder {
  // The file, what is decompressed, and the pixels: some 50 microseconds, by the fast decoder.
  static constexpr std::size_t brief_bytes = 16 * 1024;
  // A few milliseconds, usually.
  static constexpr std::size_t patient_bytes = 2 * 1024 * 1024;

  using parsed_header = std::variant<png::header, png::failure>;

public:
  decoder(services& s, const png_options& o) noexcept : services_(s), options_(o) {}

  /// Reads the header. Notes in `info` what it promises.
  task<planned> plan(const encoded& bytes, item_info& info) {
    const input_view in(bytes);
    parsed_header parsed;
    if (png::header_is_near(in.first())) {
      parsed = png::parse_header(in.first(), options_);
    } else {
      parsed = co_await find_header(in, info);
    }
    if (auto* const bad = std::get_if<png::failure>(&parsed)) {
      planned failed(item_failure(info, std::move(*bad)));
      co_return failed;
    }
    decode_plan p;
    p.header = std::get<png::header>(parsed);
    p.output = png::output_shape(p.header, options_);
    if (png::needs_probe(p.header, options_) && !knows_transparency(in, p)) {
      png::probed found = co_await probe(in, p.header, info);
      if (found.how == png::ending::stopped) {
        co_await stopped_awaiter{};
      }
      if (found.how == png::ending::failed) {
        planned failed(item_failure(info, std::move(found.why)));
        co_return failed;
      }
      p.output = found.output;
    }
    info.expected = p.output;
    planned ok(std::move(p));
    co_return ok;
  }

  /// For rows that are too wide for the workers' own scratch. It isn't waited for: what it would wait for may be the batch that
  /// the image belongs to. What the budget can't give now comes from the heap, while the job runs.
  [[nodiscard]] memory::lease scratch_for(const decode_plan& p) noexcept {
    memory::lease l;
    const std::size_t needed = png::scratch_bytes(p.header, options_);
    if (needed > services_.workers.scratch(0).size()) {
      (void)services_.pixels.try_acquire(needed, l);
    }
    return l;
  }

  /// Decodes into `to`. Gives the image's warning, or throws its failure; `info` gets the time. `batch`: the image is hardly of
  /// use before the others of that batch.
  task<std::string> decode(const encoded& bytes, const decode_plan& p, std::span<std::byte> to, item_info& info,
                           const void* batch = nullptr) {
    const input_view in(bytes);
    png::decoded result;
    auto work = [&](stop_flag stop, int worker) noexcept {
      png::scratch memory(p.scratch ? p.scratch.span() : services_.workers.scratch(worker));
      const auto which = options_.use_libpng ? png::decoder_choice::reference : png::decoder_choice::automatic;
      on_worker here{services_.workers, worker};
      const png::libpng_notice takes_longer{&on_worker::hand_over_kept, &here};
      result = png::decode(in.first(), p.header, options_, to, memory, stop, which, takes_longer);
      return result.how == png::ending::ok; // a failure may be the end of the run
    };
    const std::uint64_t decompressed = std::uint64_t{p.header.width} * p.header.height * png::pixel_bits(p.header) / 8;
    const std::uint64_t work_bytes = bytes.size() + decompressed + to.size();
    const bool brief = work_bytes <= brief_bytes && !options_.use_libpng;
    const void* const together = work_bytes <= patient_bytes ? batch : nullptr;
    info.decode_time =
        co_await job_operation(services_, work, "worker to decode", info.from.text(), to.size(), brief, together);
    if (result.how == png::ending::stopped) {
      co_await stopped_awaiter{};
    }
    if (result.how == png::ending::failed) {
      std::rethrow_exception(item_failure(info, std::move(result.why)));
    }
    ++services_.images_decoded;
    co_return std::move(result.warning);
  }

  /// Of an image whose header couldn't be read.
  [[nodiscard]] shape unknown_shape() const noexcept {
    const int channels = options_.channels != 0 ? options_.channels : 1;
    return {1, 1, static_cast<std::uint8_t>(channels), static_cast<std::uint8_t>(options_.bits)};
  }
  [[nodiscard]] services& runtime() const noexcept { return services_; }

private:
  /// A worker, to its job.
  struct on_worker {
    workers::crew& workers;
    int index;
    static void hand_over_kept(void* self) noexcept {
      const auto& here = *static_cast<on_worker*>(self);
      here.workers.hand_over_kept(here.index);
    }
  };

  // Where many chunks stand before it. There may be any number.
  task<parsed_header> find_header(const input_view& in, const item_info& info) {
    parsed_header found;
    std::exception_ptr failure;
    bool stopped = false;
    auto work = [&](stop_flag stop, int) noexcept {
      try {
        found = png::parse_header(in.first(), options_, stop);
      } catch (...) {
        failure = std::current_exception();
      }
      stopped = stop.requested();
      return true;
    };
    (void)co_await job_operation(services_, work, "worker to look for the header of", info.from.text());
    if (stopped) {
      co_await stopped_awaiter{};
    }
    if (failure) {
      std::rethrow_exception(failure);
    }
    co_return std::move(found);
  }
  // Without asking libpng on a worker: from chunks that leave no doubt.
  bool knows_transparency(const input_view& in, decode_plan& p) const noexcept {
    const auto found = options_.use_libpng ? std::nullopt : png::find_transparency(in.first(), p.header);
    if (!found) {
      return false;
    }
    p.output = png::output_shape(p.header, options_, *found);
    return p.output.bytes() <= options_.max_bytes; // if not, the probe says what there is to say
  }

  task<png::probed> probe(const input_view& in, const png::header& h, const item_info& info) {
    png::probed result;
    auto work = [&](stop_flag stop, int worker) noexcept {
      png::scratch memory(services_.workers.scratch(worker));
      result = png::probe(in.first(), h, options_, memory, stop);
      return true;
    };
    (void)co_await job_operation(services_, work, "worker to look for transparency in", info.from.text());
    co_return std::move(result);
  }
  services& services_;
  png_options options_;
};

} // namespace weir::detail
