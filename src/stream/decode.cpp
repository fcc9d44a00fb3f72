#include <weir/decode_png.hpp>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "../png/decode.hpp"
#include "../png/header.hpp"
#include "../png/reference.hpp"
#include "decode_admission.hpp"
#include "decode_bytes.hpp"
#include "errors.hpp"
#include "operations.hpp"
#include "services.hpp"
#include "slots.hpp"

namespace weir {

namespace detail {

namespace {

void check(const png_options& o) {
  if (o.channels < 0 || o.channels > 4) {
    throw std::invalid_argument("weir: png_options::channels is 0 to 4");
  }
  if (o.bits != 8 && o.bits != 16) {
    throw std::invalid_argument("weir: png_options::bits is 8 or 16");
  }
}

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
  // In and out together: some 50 microseconds.
  static constexpr std::size_t brief_bytes = 12 * 1024;

public:
  decoder(services& s, const png_options& o) noexcept : services_(s), options_(o) {}

  /// Reads the header. Notes in `info` what it promises.
  task<planned> plan(const encoded& bytes, item_info& info) {
    const input_view in(bytes);
    auto parsed = png::parse_header(in.first(), options_);
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

  /// Decodes into `to`. Gives the image's warning, or throws its failure; `info` gets the time.
  task<std::string> decode(const encoded& bytes, const decode_plan& p, std::span<std::byte> to, item_info& info) {
    const input_view in(bytes);
    png::decoded result;
    auto work = [&](stop_flag stop, int worker) noexcept {
      png::scratch memory(p.scratch ? p.scratch.span() : services_.workers.scratch(worker));
      const auto which = options_.use_libpng ? png::decoder_choice::reference : png::decoder_choice::automatic;
      result = png::decode(in.first(), p.header, options_, to, memory, stop, which);
    };
    const bool brief = to.size() + bytes.size() <= brief_bytes;
    info.decode_time = co_await job_operation(services_, work, "worker to decode", info.from.text(), to.size(), brief);
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
    };
    (void)co_await job_operation(services_, work, "worker to look for transparency in", info.from.text());
    co_return std::move(result);
  }
  services& services_;
  png_options options_;
};

/// Where an image is decoded to: a block of its own, or a batch's cell.
struct destination {
  std::byte* data = nullptr;
  owner memory{};
};

class decode_stream final : public stream_base<image> {
public:
  decode_stream(services& s, connection& c, node<encoded>& up, const png_options& o, weir::order order, std::size_t in_flight)
      : decoder_(s, o), slots_(std::exchange(c.slots, nullptr)),
        strain_(c.strain ? std::exchange(c.strain, nullptr) : std::make_shared<pressure>()),
        admission_(s, *strain_,
                   {.in_place = slots_ != nullptr, .copied = c.copied, .blanks = c.blanks, .ordered = order == order::input}),
        window_(in_flight, order, strain_) {
    if (slots_ != nullptr && (order == order::completion || c.any_order)) {
      slots_->expect_any_order();
    }
    up_ = up.connect(c);
  }

  task<std::optional<item<image>>> next() override { co_return co_await window_.next(); }

  task<> pump(scope& producers) {
    while (auto i = co_await up_->next()) {
      co_await window_.room();
      i->info.expected = decoder_.unknown_shape();
      std::exception_ptr failure = i->failure();
      decode_plan plan;
      destination to;
      if (!failure) {
        try {
          planned what = co_await decoder_.plan(i->value(), i->info);
          plan = std::move(what.plan);
          failure = what.failure;
          if (!failure) {
            failure = co_await grant(i->info, plan, to);
          }
        } catch (const std::bad_alloc&) {
          failure = item_failure(i->info, stage::decode, "out of memory");
        }
      }
      if (failure) {
        co_await admission_.room_beside_batch(i->info.expected.bytes()); // a blank's
        admission_.taken();
        window_.push(item<image>(i->info, std::move(failure)));
      } else {
        window<image>::slot& slot = *window_.open(slots_ != nullptr ? 0 : plan.output.bytes());
        admission_.taken();
        admission_.job_begins(plan.output.bytes());
        producers.spawn(decode_one(slot, std::move(*i), std::move(plan), std::move(to)));
      }
    }
    window_.finish();
  }

private:
  /// Everything that the job needs is granted here, in the order of the input; then it is handed out.
  task<std::exception_ptr> grant(item_info& info, decode_plan& p, destination& to) {
    co_await admission_.room_among_jobs(p.output.bytes());
    if (slots_ != nullptr) {
      slot_grant g = co_await slots_->place(p.output, info);
      if (g.failure) {
        co_return std::move(g.failure);
      }
      to.data = g.data;
      to.memory = std::move(g.slot);
    } else {
      const std::uint64_t budget = decoder_.runtime().pixels.budget();
      if (p.output.bytes() > budget) {
        info.expected = decoder_.unknown_shape(); // a blank in its place would be too large as well
        co_return too_large(info, p.output, budget);
      }
      co_await admission_.room_beside_batch(p.output.bytes());
      if (!admission_.fits_beside_batch(p.output.bytes())) {
        co_return shape_mismatch(info, *strain_->only, p.output);
      }
      memory::lease l = co_await admission_.block(p.output.bytes());
      to.data = l.data();
      to.memory = own(std::move(l));
    }
    p.scratch = decoder_.scratch_for(p);
    co_return std::exception_ptr();
  }

  task<> decode_one(window<image>::slot& slot, item<encoded> i, decode_plan p, destination to) {
    std::string warning;
    std::exception_ptr failure;
    try {
      warning = co_await decoder_.decode(i.value(), p, {to.data, p.output.bytes()}, i.info);
    } catch (...) {
      failure = std::current_exception();
    }
    admission_.job_ended(p.output.bytes());
    i.value() = encoded(); // the file's bytes go back first, then the scratch
    p.scratch.reset();
    if (failure) {
      to.memory = owner();
      window_.complete(slot, item<image>(std::move(i.info), std::move(failure)));
      co_return;
    }
    item_info info = i.info;
    image im(std::move(info), p.output, to.data, std::move(to.memory), std::move(warning));
    window_.complete(slot, item<image>(std::move(i.info), std::move(im)));
  }

  decoder decoder_;
  slot_source* const slots_; // null: each image has a block of its own
  std::shared_ptr<pressure> strain_;
  decode_admission admission_;
  window<image> window_;
  stream_ptr<encoded> up_;
};

class decode_node final : public node<image> {
public:
  decode_node(node_ptr<encoded> up, const png_options& o, weir::order order, std::size_t in_flight)
      : up_(std::move(up)), options_(o), order_(order), in_flight_(in_flight) {}
  stream_ptr<image> connect(connection& c) override {
    auto s = std::make_unique<decode_stream>(c.runtime, c, *up_, options_, order_, in_flight_);
    c.producers.spawn(s->pump(c.producers));
    return s;
  }

private:
  node_ptr<encoded> up_;
  png_options options_;
  weir::order order_;
  std::size_t in_flight_;
};

} // namespace

task<image> decode_bytes(services& s, std::span<const std::byte> body, png_options options) {
  check(options);
  decoder d(s, options);
  const encoded bytes(body, nullptr);
  item_info info;
  info.from = origin(nullptr, "request");
  info.file_bytes = body.size();
  planned what = co_await d.plan(bytes, info);
  if (what.failure) {
    std::rethrow_exception(what.failure);
  }
  const shape output = what.plan.output;
  if (output.bytes() > s.pixels.budget()) {
    std::rethrow_exception(too_large(info, output, s.pixels.budget()));
  }
  memory::lease block = co_await grant_operation(s.pixels, output.bytes());
  what.plan.scratch = d.scratch_for(what.plan);
  std::string warning = co_await d.decode(bytes, what.plan, block.span(), info);
  block.hold_by_user();
  std::byte* const data = block.data();
  image im(std::move(info), output, data, own(std::move(block)), std::move(warning));
  co_return im;
}

decode_stage::decode_stage(png_options o, weir::order order, std::size_t in_flight)
    : options_(o), order_(order), in_flight_(in_flight) {
  check(o);
  if (in_flight == 0) {
    throw std::invalid_argument("weir: decode_png needs at least one image in flight");
  }
}

pipeline<image> decode_stage::operator()(pipeline<encoded>&& p) const {
  return pipeline<image>(std::make_unique<decode_node>(p.take_node(), options_, order_, in_flight_));
}

} // namespace detail
} // namespace weir
