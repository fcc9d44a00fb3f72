#include "progress.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace cli {

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

std::string progress_line(std::uint64_t done, const extent& of, double seconds, unsigned columns) {
  const auto count = static_cast<double>(done);
  const double rate = seconds > 0 ? count / seconds : 0;
  const bool counted = of.total && *of.total != 0;
  if (!counted && !of.seconds)
    return fmt::format("{} {}  {:.0f} {}/s  {}", done, of.unit, rate, of.unit, minutes_and_seconds(seconds)).substr(0, columns);
  double part = 0;
  std::string count_of_all = std::to_string(done);
  std::string left = "?";
  if (counted) {
    const std::uint64_t to_come = *of.total - std::min(done, *of.total);
    part = count / static_cast<double>(*of.total);
    count_of_all += '/' + std::to_string(*of.total);
    if (rate > 0)
      left = minutes_and_seconds(static_cast<double>(to_come) / rate);
  } else {
    part = *of.seconds > 0 ? seconds / *of.seconds : 1;
    left = minutes_and_seconds(*of.seconds - seconds);
  }
  part = std::min(1.0, part);
  const std::string words = fmt::format(" {:3.0f} %  {}  {:.0f} {}/s  {} left", part * 100, count_of_all, rate, of.unit, left);
  constexpr std::size_t widest_bar = 40;
  constexpr std::size_t narrowest_bar = 5;
  const std::size_t room = columns > words.size() + 2 ? columns - words.size() - 2 : 0;
  const std::size_t width = std::min(room, widest_bar);
  if (width < narrowest_bar)
    return words.substr(1, columns);
  const auto full = static_cast<std::size_t>(part * static_cast<double>(width));
  return '[' + std::string(full, '#') + std::string(width - full, '.') + ']' + words;
}

progress_bar::progress_bar(progress_choice when, extent of, int descriptor, clock::time_point now)
    : on_(when == progress_choice::always || (when == progress_choice::automatic && isatty(descriptor) == 1)),
      descriptor_(descriptor), of_(of), start_(now), next_(when == progress_choice::automatic ? now + before_the_first : now) {}

void progress_bar::update(std::uint64_t done, clock::time_point now) {
  if (!on_ || now < next_)
    return;
  next_ = now + between_draws;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const unsigned columns = columns_of(descriptor_);
  std::string text("\r"); // appended to, and not "\r" + …: g++ 12 warns of that without reason (GCC PR105651)
  text += progress_line(done, of_, seconds, columns - 1); // the last column would wrap on some terminals
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

} // namespace cli
