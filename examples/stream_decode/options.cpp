#include "options.hpp"

#include <limits>
#include <stdexcept>

#include "cli/sizes_and_times.hpp"
#include "cli/version.hpp"

namespace stream_decode {

namespace {

constexpr const char* about =
    "Streams PNG files into batches: reads them, decodes them as TensorFlow's decode_png does, and reports\n"
    "what that took, never holding more than its memory budget. Ctrl-C ends it at once and cleanly.";

constexpr const char* notes =
    R"(A list line is   INDEX PATH WIDTH HEIGHT CHANNELS BITS CRC32   with tabs between them (the crc32 is that of the
decoded bytes, row-major HWC, 16-bit samples little-endian), or   INDEX PATH error STAGE MESSAGE   with STAGE one of
open, read, header, decode, batch. TAB, newline and backslash in a path are written \t, \n and \\.

On SIGUSR1 it writes to stderr what it is doing: every task that is alive, what that waits for and for how long, and
what holds memory.

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

/// The command line's options over an `options`.
class declarations {
public:
  declarations(cli::grammar& to, options& into) : to_(to), into_(into) {}

  void declare() {
    to_.paths(into_.paths, "a PNG file; a directory (searched recursively for *.png in any case, sorted\n"
                           "bytewise by path); @FILE, a list of paths, one a line; - for a list on stdin");
    declare_batches();
    declare_decoding();
    declare_running();
    declare_printing();
  }

private:
  void declare_batches() {
    to_.number("--batch", into_.batch, 1U, 1U << 20U, "N", "images a batch (32)");
    to_.flag("--drop-remainder", into_.drop_remainder, "leave out a last batch that is not full");
    to_.choice("--shapes", into_.shapes,
               {{"ragged", shape_choice::ragged}, {"same", shape_choice::same}, {"group", shape_choice::group}}, "S",
               "ragged: as they come (default); same: all as the first, else an error; group: a batch a shape");
  }

  void declare_decoding() {
    to_.number("--channels", into_.channels, 0, 4, "N", "0 as in the file, 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA (3)");
    to_.value("--bits", "N", "8 or 16 bits a sample (8)", [&into = into_](const std::string& text) {
      if (text != "8" && text != "16")
        throw std::invalid_argument("'" + text + "' is not one of 8, 16");
      into.bits = text == "8" ? 8 : 16;
    });
    to_.choice("--decoder", into_.decoder, {{"fast", decoder_choice::fast}, {"libpng", decoder_choice::libpng}}, "D",
               "fast: weir's own for what it claims (default), or libpng for all; the result is the same, to the bit");
    to_.choice("--order", into_.order, {{"input", order_choice::input}, {"completion", order_choice::completion}}, "O",
               "deliver in the order of input (default) or of completion");
    to_.choice("--on-error", into_.on_error,
               {{"fail", error_choice::fail}, {"skip", error_choice::skip}, {"blank", error_choice::blank}}, "P",
               "a bad input: fail the run (default), skip it, or put a black image in its place");
    to_.value("--max-errors", "N", "with skip and blank: fail after more than N bad inputs (no limit)",
              [&into = into_](const std::string& text) {
                into.max_errors = cli::whole_number<std::uint64_t>(text, 0, std::numeric_limits<std::uint64_t>::max());
              });
  }

  void declare_running() {
    to_.number("--workers", into_.workers, 1U, 1024U, "N", "decoding threads (cores available)");
    to_.value("--memory", "SIZE", "pool budget in bytes, suffixes K M G (256M)", [&into = into_](const std::string& text) {
      into.memory = cli::parse_size(text);
      if (into.memory == 0)
        throw std::invalid_argument("give a budget of at least 1 byte (256M)");
    });
    to_.choice("--loop", into_.loop, {{"own", cli::loop_choice::own}, {"uv", cli::loop_choice::uv}}, "L",
               "the runtime's own loop (default), or a libuv loop");
    to_.choice("--engine", into_.engine,
               {{"auto", cli::engine_choice::automatic},
                {"uring", cli::engine_choice::uring},
                {"blocking", cli::engine_choice::blocking}},
               "E", "reading: io_uring where the machine allows it (auto, default), io_uring or nothing, threads");
    to_.number("--repeat", into_.repeat, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max(), "N",
               "passes over the input (1; 0: until stopped)");
    to_.value("--cancel-after", "T", "stop T after the start (50ms, 2s, 1.5s, 1m)",
              [&into = into_](const std::string& text) { into.cancel_after = cli::parse_duration(text); });
  }

  void declare_printing() {
    to_.flag("--list", into_.list, "a line an image on stdout, in order of delivery (see below)");
    to_.value("--output", "DIR", "each batch as NumPy .npy (ragged: each image), existing files replaced",
              [&into = into_](const std::string& text) {
                if (text.empty())
                  throw std::invalid_argument("name a directory");
                into.output = text;
              });
    to_.flag("--json", into_.json, "the report as one JSON object, the last line on stdout; else for people, on stderr");
    to_.choice("--progress", into_.progress,
               {{"auto", cli::progress_choice::automatic},
                {"always", cli::progress_choice::always},
                {"never", cli::progress_choice::never}},
               "P", "a bar on stderr with images/s and the time left: auto (default: on a terminal), always, never");
  }

  cli::grammar& to_;
  options& into_;
};

} // namespace

cli::command_line<options> parse_command_line(int argc, const char* const* argv) {
  options into;
  into.workers = cli::cores_available();
  cli::grammar line("stream_decode", about, notes, cli::version);
  declarations(line, into).declare();
  return line.parse(argc, argv, into);
}

} // namespace stream_decode
