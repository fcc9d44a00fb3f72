#include "known_images.hpp"

#include <algorithm>
#include <sys/stat.h>

#include <weir/weir.hpp>

#include "cli/checksum.hpp"

namespace cancel_stress {

known_images::known_images(const std::vector<std::string>& paths, const weir::stop_handle& stop) {
  std::vector<std::string> regular;
  files_.reserve(paths.size());
  for (const std::string& path : paths) {
    struct stat status {};
    file f;
    f.path = path;
    f.regular =
        stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode); // one that isn't there is an error, and that is known
    f.size = static_cast<std::uint64_t>(std::max<off_t>(status.st_size, 0));
    files_.push_back(std::move(f));
    at_.emplace(files_.back().path, files_.size() - 1);
    if (files_.back().regular) {
      regular.push_back(path);
    }
  }
  const auto all = std::make_shared<const std::vector<std::string>>(std::move(regular));
  weir::runtime rt{{.memory = std::uint64_t{1} << 30}};
  for (std::size_t format = 0; format < formats.size() && !stop.stop_requested(); ++format) {
    auto images = weir::files(all) | weir::read({.order = weir::order::completion}) |
                  weir::decode_png(formats[format], weir::order::completion) | weir::on_error(weir::skip_bad{});
    auto note = [&](const weir::image& im) {
      files_[at_.find(im.origin())->second].as[format] = {
          .good = true, .shape = im.shape(), .crc32 = cli::crc32_of_pixels(im.pixels(), static_cast<unsigned>(im.bits()))};
    };
    auto outcome = rt.run(std::move(images).for_each(note), stop);
    if (outcome.failed()) {
      outcome.value(); // throws
    }
  }
}

const known_images::file* known_images::find(std::string_view path) const {
  const auto at = at_.find(path);
  return at == at_.end() ? nullptr : &files_[at->second];
}

std::size_t known_images::good() const noexcept {
  return static_cast<std::size_t>(std::count_if(files_.begin(), files_.end(), [](const file& f) { return f.as[0].good; }));
}

bool known_images::shows(const weir::image& im, std::size_t format) const {
  if (im.blank()) {
    const auto pixels = im.pixels();
    return std::all_of(pixels.begin(), pixels.end(), [](std::byte b) { return b == std::byte{0}; });
  }
  const file* const f = find(im.origin());
  if (f == nullptr) {
    return false;
  }
  const picture& is = f->as[format];
  return !f->regular ||
         (is.good && is.shape == im.shape() && is.crc32 == cli::crc32_of_pixels(im.pixels(), static_cast<unsigned>(im.bits())));
}

} // namespace cancel_stress
