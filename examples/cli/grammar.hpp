#pragma once

#include <charconv>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace cli {

/// What a command line comes to: options, or something to print and an exit code (--help and --version: 0, on stdout; bad
/// usage: 2, on stderr).
template<class Options> struct command_line {
  std::optional<Options> parsed{};
  int exit_code = 0;
  std::string text{};
};

/// Throws std::invalid_argument with a message that says what is accepted.
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

/// A program's options: declared one by one, then parsed. What the declarations refer to outlives the parsing.
class grammar {
public:
  /// `about` stands before the options in --help, `notes` behind them.
  grammar(std::string name, const char* about, const char* notes, const char* version);

  /// Any number of arguments, at least one if they are needed, whose bytes are kept as they are.
  void paths(std::vector<std::string>& into, const char* help, bool needed = true);
  void flag(const char* name, bool& into, const char* help) { app_->add_flag(name, into, help); }
  /// An option with a value that `take` reads; a std::invalid_argument from there becomes bad usage that names the option. The
  /// last one wins.
  template<class Take> void value(const char* name, const char* type, const char* help, const Take& take) {
    add(name, type, help, [name, take](const std::string& text) {
      try {
        take(text);
      } catch (const std::invalid_argument& problem) {
        throw CLI::ValidationError(name, problem.what());
      }
    });
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

  /// Fills what was declared, which is `options`. Never throws on bad input: that is exit code 2, and a text that says what to
  /// do.
  template<class Options> command_line<Options> parse(int argc, const char* const* argv, Options& options) {
    command_line<Options> line;
    if (run(argc, argv, line.exit_code, line.text))
      line.parsed = std::move(options);
    return line;
  }

private:
  void add(const char* name, const char* type, const char* help, const std::function<void(const std::string&)>& take);
  bool run(int argc, const char* const* argv, int& exit_code, std::string& text);

  std::string name_;
  std::unique_ptr<CLI::App> app_;
  std::vector<std::string>* paths_ = nullptr;
};

} // namespace cli
