#include "progress.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace stream_decode {

namespace {

using namespace std::chrono_literals;
constexpr auto between_draws = 100ms;
constexpr auto before_the_first = 1s; // what is over sooner needs no bar

std::string minutes_and_seconds(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::clamp(seconds, 0.0, 3.6e8));
  if (whole >= 3600)
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

unsigned columns_of(int descriptor) noexcept {
  constexpr unsigned usual = 80;
  winsize size{};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

} // namespace

std::string progress_line(std::uint64_t done, std::optional<std::uint64_t> total, double seconds, unsigned columns) {
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (!total || *total == 0)
    return fmt::format("{} images  {:.0f} images/s  {}", done, rate, minutes_and_seconds(seconds)).substr(0, columns);
  const double part = std::min(1.0, static_cast<double>(done) / static_cast<double>(*total));
  const std::uint64_t left = *total - std::min(done, *total);
  const std::string time = rate > 0 ? minutes_and_seconds(static_cast<double>(left) / rate) : "?";
  const std::string words = fmt::format(" {:3.0f} %  {}/{}  {:.0f} images/s  {} left", part * 100, done, *total, rate, time);
  constexpr std::size_t widest_bar = 40;
  constexpr std::size_t narrowest_bar = 5;
  const std::size_t room = columns > words.size() + 2 ? columns - words.size() - 2 : 0;
  const std::size_t width = std::min(room, widest_bar);
  if (width < narrowest_bar)
    return words.substr(1, columns);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  return '[' + std::string(full, '#') + std::string(width - full, '.') + ']' + words;
}

progress_bar::progress_bar(progress_choice when, std::optional<std::uint64_t> total, int descriptor, clock::time_point now)
    : on_(when == progress_choice::always || (when == progress_choice::automatic && isatty(descriptor) == 1)),
      descriptor_(descriptor), total_(total), start_(now),
      next_(when == progress_choice::automatic ? now + before_the_first : now) {}

void progress_bar::update(std::uint64_t done, clock::time_point now) {
  if (!on_ || now < next_)
    return;
  next_ = now + between_draws;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const unsigned columns = columns_of(descriptor_);
  std::string text("\r"); // appended to, and not "\r" + …: g++ 12 warns of that without reason (GCC PR105651)
  text += progress_line(done, total_, seconds, columns - 1); // the last column would wrap on some terminals
  print(text += "\x1b[K");
  drawn_ = true;
}

void progress_bar::finish() noexcept {
  if (drawn_)
    print("\r\x1b[K");
  drawn_ = false;
}

void progress_bar::print(const std::string& text) noexcept {
  if (write(descriptor_, text.data(), text.size()) < 0)
    on_ = false; // nobody to show it to
}

} // namespace stream_decode
