#include "report.hpp"

#include <catch2/catch.hpp>

using cli::percentiles;
using namespace stream_decode;

TEST_CASE("the JSON has every field, on one line") {
  report is;
  is.images = 10;
  is.seconds = 2;
  is.loop = "own";
  is.engine = "uring";
  is.latency_us.read = percentiles{.p50 = 1, .p99 = 2, .max = 3};
  CHECK(to_json(is) ==
        R"({"outcome":"done","error":null,"images":10,"errors":0,"batches":0,"bytes_read":0,"bytes_decoded":0,"seconds":2.0,)"
        R"("images_per_second":5.0,"loop":"own","engine":"uring","workers":0,"pool":{"budget":0,"high_water":0},)"
        R"("latency_us":{"read":{"p50":1.0,"p99":2.0,"max":3.0},"decode":null,"batch":null},"copies":0,)"
        R"("teardown":{"microseconds":0.0,"waited_for":null},)"
        R"("audit":{"frames":0,"leases":0,"operations":0,"jobs":0,"held_by_user":0}})");
}

TEST_CASE("a path that is no UTF-8 makes a report all the same") {
  report is;
  is.outcome = run_outcome::failed;
  is.error = run_failure{"\xff\n\".png", "open", "No such file"};
  is.teardown.waited_for = "a read of \xfe";
  const auto json = to_json(is);
  CHECK(json.find("\"outcome\":\"failed\"") != std::string::npos);
  CHECK(json.find("{\"origin\":\"\xef\xbf\xbd\\n\\\".png\",\"stage\":\"open\",\"message\":\"No such file\"}") !=
        std::string::npos);
  CHECK(json.find('\n') == std::string::npos);
}

TEST_CASE("the report for people has the outcome first, and what went wrong without control characters") {
  report is;
  is.outcome = run_outcome::failed;
  is.error = run_failure{"a\x1b[2Jb", "open", "No such file"};
  const auto text = to_text(is);
  CHECK(text.starts_with("failed: 0 images"));
  CHECK(text.find("a?[2Jb: open: No such file") != std::string::npos);
  CHECK(text.find("nothing left") != std::string::npos);
}

TEST_CASE("the report for people says what is left") {
  report is;
  is.audit.jobs = 3;
  CHECK(to_text(is).find("3 jobs") != std::string::npos);
}
