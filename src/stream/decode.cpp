#include <weir/decode_png.hpp>

#include <array>
#include <new>
#include <stdexcept>

#include "decode_admission.hpp"
#include "decode_bytes.hpp"
#include "decode_jobs.hpp"
#include "errors.hpp"
#include "image_decoder.hpp"
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

/// Where an image is decoded to: a block of its own, or a batch's cell.
struct destination {
  std::byte* data = nullptr;
  owner memory{};
  const void* batch = nullptr; // see slot_grant
};

class decode_stream final : public stream_base<image> {
public:
  decode_stream(services& s, connection& c, node<encoded>& up, const png_options& o, weir::order order, std::size_t in_flight)
      : decoder_(s, o), slots_(std::exchange(c.slots, nullptr)), loose_(std::exchange(c.loose, 0)),
        strain_(c.strain ? std::exchange(c.strain, nullptr) : std::make_shared<pressure>()),
        admission_(s, *strain_,
                   {.in_place = slots_ != nullptr, .copied = c.copied, .blanks = c.blanks, .ordered = order == order::input}),
        window_(in_flight, order, strain_) {
    if (slots_ != nullptr && (order == order::completion || c.any_order)) {
      slots_->expect_any_order();
    }
    c.jobs = &jobs_;
    up_ = up.connect(c);
    c.jobs = nullptr;
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
        decode_jobs::part has = jobs_.count(i->value(), decoder_.runtime());
        producers.spawn(decode_one(slot, std::move(*i), std::move(plan), std::move(to), std::move(has)));
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
      to.batch = g.batch;
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
      to.batch = loose_batch();
    }
    p.scratch = decoder_.scratch_for(p);
    co_return std::exception_ptr();
  }

  /// Of a ragged batch, an address that stands for the next image's: the batch that it will be in if none before it fails.
  const void* loose_batch() noexcept {
    return loose_ > 1 ? &loose_batches_[loose_images_++ / loose_ % loose_batches_.size()] : nullptr;
  }

  task<> decode_one(window<image>::slot& slot, item<encoded> i, decode_plan p, destination to, decode_jobs::part has) {
    std::string warning;
    std::exception_ptr failure;
    try {
      warning = co_await decoder_.decode(i.value(), p, {to.data, p.output.bytes()}, i.info, to.batch);
    } catch (...) {
      failure = std::current_exception();
    }
    admission_.job_ended(p.output.bytes());
    has.ended();
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
  const std::size_t loose_;  // images of a ragged batch; 0: there is none that follows directly
  std::size_t loose_images_ = 0;
  std::array<char, 16> loose_batches_{}; // taken in turn, so that few results are kept for an image of another batch
  std::shared_ptr<pressure> strain_;
  decode_admission admission_;
  window<image> window_;
  decode_jobs jobs_;
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
