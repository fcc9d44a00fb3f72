#include <catch2/catch.hpp>

#include "core/function_name.hpp"

using weir::detail::file_name;
using weir::detail::function_name;

TEST_CASE("a function is called what a person calls it, whatever its signature") {
  CHECK(function_name("int main()") == "main");
  CHECK(function_name("weir::task<> fetch(const std::string&)") == "fetch");
  CHECK(function_name("weir::task<std::pair<int, int> > server::answer(int) const") == "server::answer");
  CHECK(function_name("") == "");
}

TEST_CASE("of a template's function the arguments are left out, as g++ writes them and as clang does") {
  CHECK(
      function_name("static task n::s<T>::member(T, int, std::string) [with T = int; std::string = std::basic_string<char>]") ==
      "n::s::member");
  CHECK(function_name("static task n::s<int>::member(T, int, std::string) [T = int]") == "n::s::member");
  CHECK(function_name("task apply(F) [with F = main()::<lambda()>]") == "apply");
  CHECK(function_name("task apply(F) [F = (lambda at sl.cpp:18:14)]") == "apply");
}

TEST_CASE("a closure is called after the function that it stands in, as g++ writes it and as clang does") {
  CHECK(function_name("main()::<lambda(int)>") == "main::<lambda>");
  CHECK(function_name("auto main()::(anonymous class)::operator()(int) const") == "main::<lambda>");
  CHECK(function_name("{anonymous}::life(weir::runtime&)::<lambda()>") == "life::<lambda>");
  CHECK(function_name("auto (anonymous namespace)::life(weir::runtime &)::(anonymous class)::operator()() const") ==
        "life::<lambda>");
  CHECK(function_name("task<> functor::operator()(int)") == "functor::operator()");
}

TEST_CASE("of a path the last part counts") {
  CHECK(file_name("../src/stream/read.cpp") == "read.cpp");
  CHECK(file_name("read.cpp") == "read.cpp");
}
