// The job with libuv: uv_fs_* for files, uv_queue_work for decodes, and on a stop uv_cancel for all that is outstanding. What
// its threads have begun can't be cancelled. There is nothing in it that waits for memory or for a value.
#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <uv.h>
#include <vector>

#include "contender.hpp"
#include "libpng_rows.hpp"

namespace quiescence {

namespace {

constexpr std::size_t piece = 512 * 1024;

class libuv_side final : public contender {
public:
  explicit libuv_side(const job& j) : job_(j), lanes_(j.count) {
    uv_loop_init(&loop_);
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lanes_[i].side = this;
      lanes_[i].index = i;
    }
  }
  ~libuv_side() override { uv_loop_close(&loop_); }

  bool run(const std::function<void()>& begun) override {
    stopping_ = false;
    uv_async_init(&loop_, &asked_, [](uv_async_t* a) { static_cast<libuv_side*>(a->data)->cancel_all(); });
    asked_.data = this;
    for (lane& l : lanes_) {
      l.next = l.index;
      l.begin();
    }
    begun();
    uv_run(&loop_, UV_RUN_DEFAULT);
    return stopping_;
  }
  void stop() noexcept override { uv_async_send(&asked_); }

private:
  /// One file after the other; `job::count` of these are under way at a time.
  struct lane {
    libuv_side* side = nullptr;
    std::size_t index = 0;
    std::size_t next = 0; // file
    uv_fs_t fs{};
    uv_work_t decode{};
    bool in_fs = false;
    bool in_decode = false;
    int fd = -1;
    std::size_t size = 0;
    std::vector<char> file;
    std::vector<std::byte> pixels;

    void begin() {
      if (side->stopping_) {
        return;
      }
      if (side->job_.what == work::decodes) {
        queue_decode();
        return;
      }
      const std::string& path = side->job_.paths[next % side->job_.paths.size()];
      uv_fs_open(&side->loop_, start_fs(), path.c_str(), O_RDONLY | O_CLOEXEC, 0, [](uv_fs_t* r) {
        lane& l = ended_fs(r);
        l.fd = static_cast<int>(r->result);
        l.size = 0;
        l.fd < 0 || l.side->stopping_ ? l.close() : l.read();
      });
    }
    void read() {
      const std::size_t more = side->job_.whole ? std::size_t{64} << 20 : piece;
      file.resize(std::max(file.size(), size + more));
      const uv_buf_t to = uv_buf_init(file.data() + size, static_cast<unsigned>(more));
      uv_fs_read(&side->loop_, start_fs(), fd, &to, 1, static_cast<std::int64_t>(size), [](uv_fs_t* r) {
        lane& l = ended_fs(r);
        l.size += r->result > 0 ? static_cast<std::size_t>(r->result) : 0;
        r->result > 0 && !l.side->stopping_ ? l.read() : l.close();
      });
    }
    void close() {
      if (fd >= 0) {
        uv_fs_t now;
        uv_fs_close(nullptr, &now, fd, nullptr); // at once
        fd = -1;
      }
      ++next;
      if (!side->stopping_ && side->job_.what == work::stream) {
        queue_decode();
      } else {
        begin();
      }
    }
    void queue_decode() {
      decode.data = this;
      in_decode = true;
      uv_queue_work(
          &side->loop_, &decode, [](uv_work_t* w) { static_cast<lane*>(w->data)->decode_now(); },
          [](uv_work_t* w, int /*status*/) {
            auto& l = *static_cast<lane*>(w->data);
            l.in_decode = false;
            ++l.next;
            l.begin();
          });
    }
    void decode_now() {
      const auto& bodies = side->job_.bodies;
      const std::span<const char> from =
          bodies.empty() ? std::span<const char>(file.data(), size) : std::span<const char>(bodies[next % bodies.size()]);
      decode_rows(std::as_bytes(from), pixels, nullptr);
    }
    uv_fs_t* start_fs() {
      fs.data = this;
      in_fs = true;
      return &fs;
    }
    static lane& ended_fs(uv_fs_t* r) {
      auto& l = *static_cast<lane*>(r->data);
      l.in_fs = false;
      uv_fs_req_cleanup(r);
      return l;
    }
  };

  void cancel_all() {
    stopping_ = true;
    for (lane& l : lanes_) {
      if (l.in_fs) {
        uv_cancel(reinterpret_cast<uv_req_t*>(&l.fs));
      }
      if (l.in_decode) {
        uv_cancel(reinterpret_cast<uv_req_t*>(&l.decode));
      }
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&asked_), nullptr);
  }

  const job& job_;
  uv_loop_t loop_{};
  uv_async_t asked_{};
  bool stopping_ = false;
  std::vector<lane> lanes_;
};

} // namespace

std::unique_ptr<contender> make_libuv(const job& j) {
  if (j.what == work::memory || j.what == work::parked) {
    return nullptr;
  }
  setenv("UV_THREADPOOL_SIZE", std::to_string(j.threads).c_str(), 1);
  return std::make_unique<libuv_side>(j);
}

} // namespace quiescence
