// The part to read: how the program uses the library. Files are read, decoded and batched; a batch is counted, listed and
// written.
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

#include <weir/weir.hpp>

#include "cli/checksum.hpp"
#include "cli/latency.hpp"
#include "cli/places.hpp"
#include "list_line.hpp"
#include "npy.hpp"
#include "output_error.hpp"
#include "pipeline_api.hpp"

namespace stream_decode {

namespace {

/// What --list says of an image, made on the workers while the pixels are hot, and kept until its turn to be printed.
class listing {
public:
  struct line {
    std::string path;
    weir::shape shape;
    std::uint32_t crc32 = 0;
  };
  void add(const weir::image& im) { // on a worker
    line l{std::string(im.origin()), im.shape(), cli::crc32_of_pixels(im.pixels(), static_cast<unsigned>(im.bits()))};
    const std::lock_guard lock(mutex_);
    lines_.emplace(im.index(), std::move(l));
  }
  [[nodiscard]] std::optional<line> take(std::uint64_t index) {
    const std::lock_guard lock(mutex_);
    const auto at = lines_.find(index);
    if (at == lines_.end()) {
      return std::nullopt;
    }
    std::optional<line> l(std::move(at->second));
    lines_.erase(at);
    return l;
  }
  [[nodiscard]] std::vector<std::uint64_t> indices() {
    const std::lock_guard lock(mutex_);
    std::vector<std::uint64_t> all;
    for (const auto& l : lines_) {
      all.push_back(l.first);
    }
    return all;
  }

private:
  std::mutex mutex_;
  std::map<std::uint64_t, line> lines_;
};

weir::png_options png_options_of(const options& asked) {
  return {.channels = asked.channels, .bits = asked.bits, .use_libpng = asked.decoder == decoder_choice::libpng};
}

weir::order order_of(const options& asked) {
  return asked.order == order_choice::input ? weir::order::input : weir::order::completion;
}

weir::batch_options batch_options_of(const options& asked) {
  weir::batch_options o;
  o.drop_remainder = asked.drop_remainder;
  switch (asked.shapes) {
  case shape_choice::ragged: o.shapes = weir::shapes::ragged; break;
  case shape_choice::same: o.shapes = weir::shapes::same; break;
  case shape_choice::group: o.shapes = weir::shapes::grouped; break;
  }
  return o;
}

/// One run of the program's pipeline. Everything but `lines_.add` and the writing of files is on the loop thread.
class run {
public:
  run(const options& asked, const hooks& tell) : asked_(asked), tell_(tell) {}

  weir::pipeline<weir::image_batch> make(std::vector<std::string> inputs) {
    auto decoded = weir::files(std::move(inputs)) | weir::repeat(asked_.repeat) | weir::read({.order = order_of(asked_)}) |
                   weir::decode_png(png_options_of(asked_), order_of(asked_));
    auto good = asked_.list ? std::move(decoded) | weir::inspect([this](const weir::image& im) { lines_.add(im); },
                                                                 {.in_flight = 2048, .order = order_of(asked_)})
                            : std::move(decoded);
    return std::move(good) | error_policy() | weir::batched(asked_.batch, batch_options_of(asked_));
  }

  weir::task<> take(weir::image_batch b) {
    ++result.batches;
    result_batch_.record(b.assembly_time());
    for (const weir::image& im : b) {
      ++result.images;
      result.bytes_decoded += im.shape().bytes();
      note_times(im.info());
      list(im);
    }
    if (asked_.output) {
      auto write_files = [&](weir::stop_flag stop) { write(b, stop); };
      co_await weir::on_worker(write_files);
      ++written_;
    }
    progress();
  }

  /// What of --list has not been printed: the images before a failure whose batch will not be delivered, and errors.
  void list_rest(bool failed) {
    if (failed && in_input_order()) {
      const std::uint64_t end = errors_.empty() ? 0 : errors_.rbegin()->first;
      for (const std::uint64_t index : lines_.indices()) {
        if (index < end) {
          list_errors_before(index);
          print(index);
        }
      }
    }
    list_errors_before(~std::uint64_t{0});
    progress();
  }

  void fill(const weir::runtime& rt, double seconds) {
    const weir::metrics_report m = rt.metrics();
    const weir::audit_report a = rt.audit();
    result.bytes_read = m.bytes_read;
    result.copies = m.copies;
    result.pool = {m.memory_budget, m.memory_high_water};
    result.seconds = seconds;
    result.loop = rt.loop_name();
    result.engine = rt.engine_name();
    result.workers = static_cast<std::uint32_t>(rt.workers());
    result.latency_us = {result_read_.summary(), result_decode_.summary(), result_batch_.summary()};
    result.audit = {a.frames, a.leases, a.operations, a.jobs, a.held_by_user};
  }

  report result;

private:
  struct failed_input {
    std::string path;
    weir::stage where = weir::stage::user;
    std::string message;
  };

  weir::detail::on_error_stage error_policy() {
    auto seen = [this](const weir::item_info& info, const std::exception_ptr& failure) { note_error(info, failure); };
    const std::uint64_t limit = asked_.max_errors.value_or(~std::uint64_t{0});
    switch (asked_.on_error) {
    case error_choice::skip: return weir::on_error(weir::skip_bad{.max_count = limit}, seen);
    case error_choice::blank: return weir::on_error(weir::blank_bad{.max_count = limit}, seen);
    case error_choice::fail: break;
    }
    return weir::on_error(weir::fail_on_bad{}, seen);
  }

  void note_error(const weir::item_info& info, const std::exception_ptr& failure) {
    ++result.errors;
    note_times(info);
    failed_input f;
    f.path = info.from.text();
    try {
      std::rethrow_exception(failure);
    } catch (const weir::error& e) {
      f.where = e.where();
      f.message = e.message();
    } catch (const std::exception& e) {
      f.message = e.what();
    }
    if (tell_.on_error) {
      errors_.emplace(info.index, std::move(f));
    }
    progress();
  }

  void note_times(const weir::item_info& info) {
    if (info.read_time.count() != 0) {
      result_read_.record(info.read_time);
    }
    if (info.decode_time.count() != 0) {
      result_decode_.record(info.decode_time);
    }
  }

  [[nodiscard]] bool in_input_order() const {
    return asked_.order == order_choice::input && asked_.shapes != shape_choice::group;
  }

  void list(const weir::image& im) {
    list_errors_before(in_input_order() ? im.index() + 1 : ~std::uint64_t{0});
    if (!im.blank()) {
      print(im.index());
    }
  }
  void print(std::uint64_t index) {
    if (const auto l = lines_.take(index); l && tell_.on_image) {
      tell_.on_image(index, l->path, l->shape, l->crc32);
    }
  }
  void list_errors_before(std::uint64_t index) {
    while (!errors_.empty() && errors_.begin()->first < index) {
      const auto first = errors_.extract(errors_.begin());
      tell_.on_error(first.key(), first.mapped().path, first.mapped().where, first.mapped().message);
    }
  }

  void progress() {
    if (tell_.on_progress) {
      const std::uint64_t blanks = asked_.on_error == error_choice::blank ? result.errors : 0;
      tell_.on_progress(result.images + result.errors - std::min(blanks, result.images));
    }
  }

  /// On a worker.
  void write(weir::image_batch& b, weir::stop_flag stop) const {
    if (asked_.shapes == shape_choice::ragged) {
      for (const weir::image& im : b) {
        const std::uint64_t dimensions[] = {im.shape().height, im.shape().width, im.shape().channels};
        const std::span<const std::byte> parts[] = {im.pixels()};
        if (!write_npy(image_file(*asked_.output, im.index()), dimensions, im.shape().bits, parts, stop)) {
          return;
        }
      }
      return;
    }
    const weir::tensor_view t = b.tensor();
    const std::uint64_t dimensions[] = {t.count, t.shape.height, t.shape.width, t.shape.channels};
    const std::span<const std::byte> parts[] = {{t.data, t.bytes()}};
    write_npy(batch_file(*asked_.output, written_), dimensions, t.shape.bits, parts, stop);
  }

  const options& asked_;
  const hooks& tell_;
  listing lines_;
  std::map<std::uint64_t, failed_input> errors_; // not yet listed
  std::uint64_t written_ = 0;
  cli::latency_histogram result_read_;
  cli::latency_histogram result_decode_;
  cli::latency_histogram result_batch_;
};

run_failure describe(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const weir::error& e) {
    return {e.origin(), std::string(to_string(e.where())), e.message()};
  } catch (const weir::budget_error& e) {
    throw configuration_error(std::string(e.what()) + ": give a larger --memory, or a smaller --batch");
  } catch (const output_error& e) {
    return {e.origin(), "output", e.what()};
  } catch (const std::exception& e) {
    return {"", "user", e.what()};
  }
}

weir::task<> stop_at(std::chrono::steady_clock::time_point when, const weir::stop_handle& stop, bool& was_deadline) {
  co_await weir::sleep_until(when);
  was_deadline = !stop.stop_requested();
  stop.request_stop();
}

weir::task<> work(run& r, std::vector<std::string> inputs, const cli::patience& limit, const weir::stop_handle& stop) {
  auto body = [&](weir::scope& s) -> weir::task<> {
    if (limit.deadline) {
      s.spawn(stop_at(*limit.deadline, stop, r.result.stopped_by_deadline));
    }
    auto take = [&](weir::image_batch b) { return r.take(std::move(b)); };
    co_await r.make(std::move(inputs)).for_each(take);
    s.request_stop(); // the timer
  };
  co_await weir::with_scope(body);
}

weir::runtime_options runtime_options_of(const options& asked, cli::host& h) {
  weir::runtime_options o;
  o.workers = static_cast<int>(asked.workers);
  o.memory = asked.memory;
  o.loop = h.loop();
  o.engine = cli::engine_of(asked.engine);
  o.on_dump = [](void*, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  return o;
}

cli::host make_host(const options& asked) {
  try {
    return cli::host(asked.loop);
  } catch (const std::runtime_error& e) {
    throw configuration_error(e.what());
  }
}

std::unique_ptr<weir::runtime> make_runtime(const options& asked, cli::host& h) {
  try {
    return std::make_unique<weir::runtime>(runtime_options_of(asked, h));
  } catch (const std::system_error& e) {
    throw configuration_error(e.what());
  }
}

/// For as long as this lives, the signals stop the pipeline, or ask what it is doing.
class obey_signals {
public:
  obey_signals(cli::signals* s, const weir::stop_handle& stop, weir::runtime& rt) : signals_(s) {
    if (signals_ != nullptr) {
      signals_->call_on_request([](void* r) noexcept { static_cast<weir::runtime*>(r)->request_dump(); }, &rt);
      signals_->call([](void* h) noexcept { static_cast<const weir::stop_handle*>(h)->request_stop(); },
                     const_cast<weir::stop_handle*>(&stop));
    }
  }
  obey_signals(const obey_signals&) = delete;
  obey_signals& operator=(const obey_signals&) = delete;
  ~obey_signals() {
    if (signals_ != nullptr) {
      signals_->call_nothing();
    }
  }

private:
  cli::signals* signals_;
};

} // namespace

report run_pipeline(const options& asked, std::vector<std::string> inputs, const hooks& tell, const cli::patience& limit) {
  cli::host h = make_host(asked);
  const std::unique_ptr<weir::runtime> rt = make_runtime(asked, h);
  run r(asked, tell);
  const weir::stop_handle stop;
  const obey_signals signalled(limit.stop, stop, *rt);
  if (limit.over()) {
    stop.request_stop();
    r.result.stopped_by_deadline = limit.stop == nullptr || limit.stop->received() == 0;
  }
  std::optional<run_failure> failure;
  try {
    if (asked.output) {
      make_output_directory(*asked.output);
    }
  } catch (const output_error& e) {
    failure = run_failure{e.origin(), "output", e.what()};
  }
  const auto start = std::chrono::steady_clock::now();
  if (failure) {
    inputs.clear(); // nothing is begun
  }
  weir::outcome<> o = rt->run(work(r, std::move(inputs), limit, stop), stop);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (o.failed()) {
    failure = describe(o.error());
  }
  try {
    r.list_rest(o.failed());
  } catch (const output_error& e) {
    failure = failure ? failure : run_failure{e.origin(), "output", e.what()};
  }
  r.fill(*rt, seconds.count());
  r.result.outcome = failure ? run_outcome::failed : o.stopped() ? run_outcome::stopped : run_outcome::done;
  r.result.error = std::move(failure);
  r.result.teardown.microseconds = std::chrono::duration<double, std::micro>(o.teardown().time).count();
  if (!o.teardown().waited_for.empty()) {
    r.result.teardown.waited_for = o.teardown().waited_for;
  }
  return r.result;
}

} // namespace stream_decode
