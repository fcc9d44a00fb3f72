#include "grammar.hpp"

#include <sstream>

namespace cli {

namespace {

// CLI11 takes an argument in brackets for a list of its own, and would make two paths of "[a,b]". Such an argument is marked on
// the way in and the mark removed on the way out.
constexpr char bracket_mark = '\x01';

std::string marked(const char* argument) {
  std::string text = argument;
  if (!text.empty() && (text.front() == '[' || text.front() == bracket_mark))
    text.insert(text.begin(), bracket_mark);
  return text;
}

std::string unmarked(std::string text) {
  if (!text.empty() && text.front() == bracket_mark)
    text.erase(text.begin());
  return text;
}

} // namespace

grammar::grammar(std::string name, const char* about, const char* notes, const char* version)
    : name_(std::move(name)), app_(std::make_unique<CLI::App>(about, name_)) {
  app_->footer(notes);
  app_->set_version_flag("--version", name_ + " " + version, "print the version and exit");
  app_->set_help_flag("--help", "print this and exit");
  app_->get_formatter()->column_width(26);
  app_->get_formatter()->label("REQUIRED", "");
}

void grammar::paths(std::vector<std::string>& into, const char* help, bool needed) {
  app_->add_option("PATH", into, help)->type_name(" ")->required(needed);
  paths_ = &into;
}

void grammar::add(const char* name, const char* type, const char* help, const std::function<void(const std::string&)>& take) {
  app_->add_option_function<std::string>(
          name, [take](const std::string& text) { take(unmarked(text)); }, help)
      ->type_name(type)
      ->take_last();
}

bool grammar::run(int argc, const char* const* argv, int& exit_code, std::string& text) {
  std::vector<std::string> arguments; // CLI11 wants them last to first
  for (int i = argc - 1; i > 0; --i)
    arguments.push_back(marked(argv[i]));
  try {
    app_->parse(std::move(arguments));
  } catch (const CLI::Success& asked) {
    std::ostringstream out;
    app_->exit(asked, out, out);
    text = out.str();
    return false;
  } catch (const CLI::ParseError& problem) {
    exit_code = 2;
    text = name_ + ": " + problem.what() + "\nTry '" + name_ + " --help'.\n";
    return false;
  }
  if (paths_ != nullptr)
    for (std::string& path : *paths_)
      path = unmarked(std::move(path));
  return true;
}

} // namespace cli
