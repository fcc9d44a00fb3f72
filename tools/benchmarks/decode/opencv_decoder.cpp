#include "decoder.hpp"

#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

namespace bench {
namespace {

int flags_of(const sample& s) {
  switch (s.channels) {
  case 1: return cv::IMREAD_GRAYSCALE | cv::IMREAD_IGNORE_ORIENTATION;
  case 3: return cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION;
  default: return cv::IMREAD_UNCHANGED;
  }
}

std::string unable(const sample& s) {
  if (s.channels == 2)
    return "no gray with alpha";
  return s.channels == 4 && s.depth == 16 ? "no RGBA of 8 bits from 16" : "";
}

} // namespace

void add_opencv(std::vector<decoder>& to) {
  cv::setNumThreads(1);
  decoder d;
  d.name = "OpenCV";
  d.version = CV_VERSION;
  d.blue_first = true;
  d.unable = unable;
  // The same matrix each time: it keeps its memory while the shape stays.
  auto pixels = std::make_shared<cv::Mat>();
  d.forget = [pixels] { pixels->release(); };
  d.decode = [pixels](const sample& s, std::span<std::byte>) -> const std::byte* {
    const cv::Mat file(1, static_cast<int>(s.file.size()), CV_8UC1, const_cast<std::byte*>(s.file.data()));
    const cv::Mat& made = cv::imdecode(file, flags_of(s), pixels.get());
    const bool good =
        !made.empty() && made.isContinuous() && made.depth() == CV_8U && made.channels() == static_cast<int>(s.channels);
    return good ? reinterpret_cast<const std::byte*>(made.data) : nullptr;
  };
  to.push_back(std::move(d));
}

} // namespace bench
