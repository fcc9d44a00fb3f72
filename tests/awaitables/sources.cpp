#include "sources.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <vector>

namespace weir::test {

namespace {

/// A file's text, without its comments.
std::string code_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string code;
  for (std::string line; std::getline(in, line);) {
    code += line.substr(0, line.find("//")) + '\n';
  }
  return code;
}

struct declared_class {
  std::vector<std::string> bases;
  bool has_await_suspend = false;
};
using classes = std::map<std::string, declared_class>;

void add_classes(const std::string& code, classes& to) {
  static const std::regex begins(
      R"((enum )?\b(?:class|struct)\s+(?:\[\[nodiscard\]\]\s+)?(\w+)(?:\s+final)?\s*(?::([^;{}]*))?\{|\b(?:bool|void) await_suspend\()");
  static const std::regex base(
      R"((?:public\s+|protected\s+|private\s+)?(?:weir::)?(?:detail::)?([\w:]+)(?:<[^,]*>)?\s*(?:,|$))");
  declared_class* latest = nullptr;
  for (std::sregex_iterator m(code.begin(), code.end(), begins); m != std::sregex_iterator(); ++m) {
    if ((*m)[1].matched) {
      continue; // an enumeration
    }
    if (!(*m)[2].matched) {
      latest->has_await_suspend = true;
      continue;
    }
    latest = &to[(*m)[2]];
    const std::string bases = (*m)[3];
    for (std::sregex_iterator b(bases.begin(), bases.end(), base); b != std::sregex_iterator(); ++b) {
      latest->bases.push_back((*b)[1]);
    }
  }
}

void add_waits(const std::string& code, std::set<std::string>& to) {
  static const std::regex says(R"(\b(?:wait_for\b|waits_for\(\) const|(job_operation)\()[^;]*;)");
  static const std::regex literal("\"([^\"]*)\"");
  for (std::sregex_iterator m(code.begin(), code.end(), says); m != std::sregex_iterator(); ++m) {
    const std::string statement = m->str();
    for (std::sregex_iterator l(statement.begin(), statement.end(), literal); l != std::sregex_iterator(); ++l) {
      to.insert((*l)[1]);
      if ((*m)[1].matched) {
        break; // what follows says whose job it is
      }
    }
  }
}

bool is_awaiter(const std::string& name, const classes& all) {
  const auto c = all.find(name);
  if (c == all.end()) {
    return false;
  }
  bool found = c->second.has_await_suspend;
  for (const std::string& b : c->second.bases) {
    found = found || is_awaiter(b, all);
  }
  return found;
}

} // namespace

found_in_sources look_at_sources() {
  const auto top = std::filesystem::path(__FILE__).parent_path() / "../..";
  classes all;
  found_in_sources found;
  for (const char* directory : {"include/weir", "src"}) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(top / directory)) {
      if (const auto kind = file.path().extension(); kind == ".hpp" || kind == ".cpp") {
        const std::string code = code_of(file.path());
        add_classes(code, all);
        add_waits(code, found.waits);
      }
    }
  }
  for (const auto& [name, c] : all) {
    if (is_awaiter(name, all)) {
      found.awaiters.insert(name);
    }
  }
  for (const auto& [name, c] : all) {
    if (found.awaiters.count(name) != 0) {
      for (const std::string& b : c.bases) {
        found.awaiters.erase(b);
      }
    }
  }
  return found;
}

} // namespace weir::test
