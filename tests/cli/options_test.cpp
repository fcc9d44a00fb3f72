#include "options.hpp"

#include <catch2/catch.hpp>
#include <initializer_list>

#include "cli/sizes_and_times.hpp"

using namespace cli;
using namespace stream_decode;
using namespace std::chrono_literals;

namespace {

command_line<options> parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv{"stream_decode"};
  argv.insert(argv.end(), arguments);
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

} // namespace

TEST_CASE("the defaults are those of the manual") {
  const auto line = parse({"a"});
  REQUIRE(line.parsed);
  const options& is = *line.parsed;
  CHECK(is.paths == std::vector<std::string>{"a"});
  CHECK(is.batch == 32);
  CHECK_FALSE(is.drop_remainder);
  CHECK(is.shapes == shape_choice::ragged);
  CHECK(is.channels == 3);
  CHECK(is.bits == 8);
  CHECK(is.decoder == decoder_choice::fast);
  CHECK(is.order == order_choice::input);
  CHECK(is.on_error == error_choice::fail);
  CHECK_FALSE(is.max_errors);
  CHECK(is.workers == cores_available());
  CHECK(is.memory == 256U << 20U);
  CHECK(is.loop == loop_choice::own);
  CHECK(is.engine == engine_choice::automatic);
  CHECK(is.repeat == 1);
  CHECK_FALSE(is.cancel_after);
  CHECK_FALSE(is.list);
  CHECK_FALSE(is.output);
  CHECK_FALSE(is.json);
  CHECK(is.progress == progress_choice::automatic);
}

TEST_CASE("every option reaches its field, before and after the paths") {
  const auto line = parse({"a",
                           "--batch=4",
                           "--drop-remainder",
                           "--shapes",
                           "group",
                           "--channels",
                           "0",
                           "--bits",
                           "16",
                           "--decoder",
                           "libpng",
                           "--order",
                           "completion",
                           "--on-error",
                           "blank",
                           "--max-errors",
                           "0",
                           "--workers",
                           "3",
                           "--memory",
                           "64M",
                           "--loop",
                           "uv",
                           "--engine",
                           "blocking",
                           "b",
                           "--repeat",
                           "0",
                           "--cancel-after",
                           "1.5s",
                           "--list",
                           "--output",
                           "[out]",
                           "--json",
                           "--progress",
                           "never",
                           "-"});
  INFO(line.text);
  REQUIRE(line.parsed);
  const options& is = *line.parsed;
  CHECK(is.paths == std::vector<std::string>{"a", "b", "-"});
  CHECK(is.batch == 4);
  CHECK(is.drop_remainder);
  CHECK(is.shapes == shape_choice::group);
  CHECK(is.channels == 0);
  CHECK(is.bits == 16);
  CHECK(is.decoder == decoder_choice::libpng);
  CHECK(is.order == order_choice::completion);
  CHECK(is.on_error == error_choice::blank);
  CHECK(is.max_errors == 0U);
  CHECK(is.workers == 3);
  CHECK(is.memory == 64U << 20U);
  CHECK(is.loop == loop_choice::uv);
  CHECK(is.engine == engine_choice::blocking);
  CHECK(is.repeat == 0);
  CHECK(is.cancel_after == 1500ms);
  CHECK(is.list);
  CHECK(is.output == "[out]");
  CHECK(is.json);
  CHECK(is.progress == progress_choice::never);
}

TEST_CASE("paths keep their bytes, whatever the option parser thinks of them") {
  const auto line = parse({"[a,b].png", "[x]", "\x01[y]", "\xff\xfe", "", "@l", "--", "-z.png", "--batch"});
  INFO(line.text);
  REQUIRE(line.parsed);
  CHECK(line.parsed->paths ==
        std::vector<std::string>{"[a,b].png", "[x]", "\x01[y]", "\xff\xfe", "", "@l", "-z.png", "--batch"});
}

TEST_CASE("of an option that is given twice the last one counts") {
  CHECK(parse({"--batch", "4", "--batch", "8", "a"}).parsed->batch == 8);
}

TEST_CASE("bad usage is exit code 2 with a text that names the option") {
  const std::vector<std::pair<const char*, const char*>> bad = {
      {"--batch", "0"},        {"--batch", "-1"},         {"--batch", "4x"},        {"--batch", "99999999999"},
      {"--shapes", "round"},   {"--channels", "5"},       {"--channels", "-1"},     {"--bits", "12"},
      {"--decoder", "slow"},   {"--order", ""},           {"--on-error", "ignore"}, {"--max-errors", "-1"},
      {"--workers", "0"},      {"--memory", "12Q"},       {"--memory", ""},         {"--memory", "99999999999G"},
      {"--memory", "0"},       {"--loop", "libev"},       {"--engine", "mmap"},     {"--repeat", "1.5"},
      {"--cancel-after", "5"}, {"--cancel-after", "-5s"}, {"--output", ""},         {"--progress", "maybe"}};
  for (const auto& [option, value] : bad) {
    INFO(option << ' ' << value);
    const auto line = parse({option, value, "a"});
    CHECK_FALSE(line.parsed);
    CHECK(line.exit_code == 2);
    CHECK(line.text.find(option) != std::string::npos);
  }
}

TEST_CASE("no path, an unknown option, and an option without its value are bad usage") {
  for (const auto& line :
       {parse({}), parse({"--json"}), parse({"--frobnicate", "a"}), parse({"-x", "a"}), parse({"a", "--batch"})}) {
    CHECK_FALSE(line.parsed);
    CHECK(line.exit_code == 2);
    CHECK(line.text.starts_with("stream_decode: "));
  }
}

TEST_CASE("help teaches every option and exit code, and version says the version") {
  const auto help = parse({"--help"});
  CHECK_FALSE(help.parsed);
  CHECK(help.exit_code == 0);
  for (const char* word :
       {"PATH",       "--batch",      "--drop-remainder", "--shapes",   "--channels", "--bits",   "--decoder", "--order",
        "--on-error", "--max-errors", "--workers",        "--memory",   "--loop",     "--engine", "--repeat",  "--cancel-after",
        "--list",     "--output",     "--json",           "--progress", "--version",  "--help",   "124",       "130",
        "143"})
    CHECK(help.text.find(word) != std::string::npos);
  const auto version = parse({"--version"});
  CHECK(version.exit_code == 0);
  CHECK(version.text.starts_with("stream_decode "));
}
