#include "function_name.hpp"

namespace weir::detail {

namespace {

void replace_all(std::string& in, std::string_view what, std::string_view with) {
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + with.size())) {
    in.replace(at, what.size(), with);
  }
}

// What stands for itself, though it has brackets in it: in characters that need no care afterwards.
constexpr char closure = '\1';
constexpr char call_operator = '\2';

/// Ends of the closures' names, as the compilers write them: "<lambda(int)>", "(lambda at file.cpp:1:2)", "(anonymous class)".
void mark_closures(std::string& s) {
  replace_all(s, "operator()", std::string_view(&call_operator, 1));
  replace_all(s, "(anonymous class)", std::string_view(&closure, 1));
  for (std::size_t at = s.find("<lambda("); at != std::string::npos; at = s.find("<lambda(", at)) {
    const std::size_t end = s.find(")>", at);
    s.replace(at, end == std::string::npos ? end : end + 2 - at, 1, closure);
  }
}

} // namespace

std::string function_name(std::string_view signature) {
  std::string whole(signature.substr(0, signature.find(" [")));
  replace_all(whole, "(anonymous namespace)::", "");
  replace_all(whole, "{anonymous}::", "");
  mark_closures(whole);
  std::string name; // without all that is in brackets, and from the last blank outside of them on
  int open = 0;
  bool over = false; // parameters ended it, and no "::" has gone on from there
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const char c = whole[i];
    if (c == '(' || c == '<') {
      ++open;
    } else if (c == ')' || c == '>') {
      --open;
      over = open == 0 && c == ')' && whole.compare(i + 1, 2, "::") != 0;
    } else if (open == 0 && c == ' ') {
      if (over) {
        break; // "const" and the like
      }
      name.clear();
    } else if (open == 0) {
      name += c;
    }
  }
  replace_all(name, std::string{closure, ':', ':', call_operator}, std::string(1, closure));
  replace_all(name, std::string(1, closure), "<lambda>");
  replace_all(name, std::string(1, call_operator), "operator()");
  return name;
}

std::string_view file_name(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

} // namespace weir::detail
