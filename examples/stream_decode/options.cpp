#include "options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include "version.hpp"

namespace stream_decode {

namespace {

constexpr const char* about =
    "Streams PNG files into batches: reads them, decodes them as TensorFlow's decode_png does, and reports\n"
    "what that took, never holding more than its memory budget. Ctrl-C ends it at once and cleanly.";

constexpr const char* notes =
    R"(A list line is   INDEX PATH WIDTH HEIGHT CHANNELS BITS CRC32   with tabs between them (the crc32 is that of the
decoded bytes, row-major HWC, 16-bit samples little-endian), or   INDEX PATH error STAGE MESSAGE   with STAGE one of
open, read, header, decode, batch. TAB, newline and backslash in a path are written \t, \n and \\.

Exit codes:
  0    done
  1    an input failed and --on-error fail, or --max-errors was passed, or output could not be written
  2    bad usage or configuration
  124  stopped by --cancel-after
  130  stopped by SIGINT (Ctrl-C; a second one kills)
  143  stopped by SIGTERM

Examples:
  stream_decode photos/                              decode a directory and say how fast it was
  stream_decode --list --on-error skip @paths.txt    sizes and checksums of the files that a list names
  find . -name '*.png' | stream_decode --shapes group --batch 64 --output out -
                                                     64 images of one shape a NumPy file)";

// CLI11 takes a positional argument in brackets for a list of its own, and would make two paths of "[a,b]". Such an argument is
// marked on the way in and the mark removed on the way out.
constexpr char bracket_mark = '\x01';

std::string marked(const char* argument) {
  std::string text = argument;
  if (!text.empty() && (text.front() == '[' || text.front() == bracket_mark))
    text.insert(text.begin(), bracket_mark);
  return text;
}

void unmark(std::string& text) {
  if (!text.empty() && text.front() == bracket_mark)
    text.erase(text.begin());
}

template<class Number> Number whole_number(const std::string& text, Number least, Number most) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size() || number < least || number > most)
    throw std::invalid_argument(most == std::numeric_limits<Number>::max()
                                    ? "'" + text + "' is not a whole number of at least " + std::to_string(least)
                                    : "'" + text + "' is not a whole number from " + std::to_string(least) + " to " +
                                          std::to_string(most));
  return number;
}

/// The command line's grammar over an `options`: one member a kind of value.
class grammar {
public:
  grammar(CLI::App& app, options& into) : app_(app), into_(into) {}

  void declare() {
    app_.add_option("PATH", into_.paths,
                    "a PNG file; a directory (searched recursively for *.png in any case, sorted\n"
                    "bytewise by path); @FILE, a list of paths, one a line; - for a list on stdin")
        ->type_name(" ")
        ->required();
    declare_batches();
    declare_decoding();
    declare_running();
    declare_printing();
  }

private:
  void declare_batches() {
    number("--batch", into_.batch, 1U, 1U << 20U, "N", "images a batch (32)");
    app_.add_flag("--drop-remainder", into_.drop_remainder, "leave out a last batch that is not full");
    choice("--shapes", into_.shapes,
           {{"ragged", shape_choice::ragged}, {"same", shape_choice::same}, {"group", shape_choice::group}}, "S",
           "ragged: as they come (default); same: all as the first, else an error; group: a batch a shape");
  }

  void declare_decoding() {
    number("--channels", into_.channels, 0, 4, "N", "0 as in the file, 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA (3)");
    value("--bits", "N", "8 or 16 bits a sample (8)", [&into = into_](const std::string& text) {
      if (text != "8" && text != "16")
        throw std::invalid_argument("'" + text + "' is not one of 8, 16");
      into.bits = text == "8" ? 8 : 16;
    });
    choice("--order", into_.order, {{"input", order_choice::input}, {"completion", order_choice::completion}}, "O",
           "deliver in the order of input (default) or of completion");
    choice("--on-error", into_.on_error,
           {{"fail", error_choice::fail}, {"skip", error_choice::skip}, {"blank", error_choice::blank}}, "P",
           "a bad input: fail the run (default), skip it, or put a black image in its place");
    value("--max-errors", "N", "with skip and blank: fail after more than N bad inputs (no limit)",
          [&into = into_](const std::string& text) {
            into.max_errors = whole_number<std::uint64_t>(text, 0, std::numeric_limits<std::uint64_t>::max());
          });
  }

  void declare_running() {
    number("--workers", into_.workers, 1U, 1024U, "N", "decoding threads (cores available)");
    value("--memory", "SIZE", "pool budget in bytes, suffixes K M G (256M)",
          [&into = into_](const std::string& text) { into.memory = parse_size(text); });
    choice("--loop", into_.loop, {{"own", loop_choice::own}, {"uv", loop_choice::uv}}, "L",
           "the runtime's own loop (default), or a libuv loop");
    choice("--engine", into_.engine,
           {{"auto", engine_choice::automatic}, {"uring", engine_choice::uring}, {"blocking", engine_choice::blocking}}, "E",
           "reading: io_uring where the machine allows it (auto, default), io_uring or nothing, threads");
    number("--repeat", into_.repeat, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(), "N",
           "passes over the input (1; 0: until stopped)");
    value("--cancel-after", "T", "stop T after the start (50ms, 2s, 1.5s, 1m)",
          [&into = into_](const std::string& text) { into.cancel_after = parse_duration(text); });
  }

  void declare_printing() {
    app_.add_flag("--list", into_.list, "a line an image on stdout, in order of delivery (see below)");
    value("--output", "DIR", "each batch as NumPy .npy (ragged: each image), existing files replaced",
          [&into = into_](const std::string& text) {
            if (text.empty())
              throw std::invalid_argument("name a directory");
            into.output = text;
            unmark(*into.output);
          });
    app_.add_flag("--json", into_.json, "the report as one JSON object, the last line on stdout; else for people, on stderr");
    choice("--progress", into_.progress,
           {{"auto", progress_choice::automatic}, {"always", progress_choice::always}, {"never", progress_choice::never}}, "P",
           "a bar on stderr with images/s and the time left: auto (default: on a terminal), always, never");
  }

  /// An option with a value that `take` reads; what that throws becomes bad usage that names the option. The last one wins.
  template<class Take> void value(const char* name, const char* type, const char* help, const Take& take) {
    app_.add_option_function<std::string>(
            name,
            [name, take](const std::string& text) {
              try {
                take(text);
              } catch (const std::invalid_argument& problem) {
                throw CLI::ValidationError(name, problem.what());
              }
            },
            help)
        ->type_name(type)
        ->take_last();
  }

  template<class Number>
  void number(const char* name, Number& into, Number least, Number most, const char* type, const char* help) {
    value(name, type, help, [&into, least, most](const std::string& text) { into = whole_number(text, least, most); });
  }

  template<class Choice>
  void choice(const char* name, Choice& into, std::vector<std::pair<std::string, Choice>> known, const char* type,
              const char* help) {
    value(name, type, help, [&into, known = std::move(known)](const std::string& text) {
      std::string names;
      for (const auto& [known_name, meaning] : known) {
        if (known_name == text) {
          into = meaning;
          return;
        }
        names += (names.empty() ? "" : ", ") + known_name;
      }
      throw std::invalid_argument("'" + text + "' is not one of " + names);
    });
  }

  CLI::App& app_;
  options& into_;
};

command_line bad_usage(const std::string& problem) {
  return {.parsed = std::nullopt, .exit_code = 2, .text = "stream_decode: " + problem + "\nTry 'stream_decode --help'.\n"};
}

} // namespace

command_line parse_command_line(int argc, const char* const* argv) {
  options into;
  into.workers = cores_available();
  CLI::App app(about, "stream_decode");
  app.footer(notes);
  app.set_version_flag("--version", std::string("stream_decode ") + version, "print the version and exit");
  app.set_help_flag("--help", "print this and exit");
  app.get_formatter()->column_width(26);
  app.get_formatter()->label("REQUIRED", "");
  grammar(app, into).declare();

  std::vector<std::string> arguments; // CLI11 wants them last to first
  for (int i = argc - 1; i > 0; --i)
    arguments.push_back(marked(argv[i]));
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::Success& asked) {
    std::ostringstream text;
    app.exit(asked, text, text);
    return {.parsed = std::nullopt, .exit_code = 0, .text = text.str()};
  } catch (const CLI::ParseError& problem) {
    return bad_usage(problem.what());
  }
  for (std::string& path : into.paths)
    unmark(path);
  return {.parsed = std::move(into), .exit_code = 0, .text = {}};
}

} // namespace stream_decode
