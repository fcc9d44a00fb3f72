#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "pictures.hpp"
#include <weir/weir.hpp>

namespace weir::test {

inline void require_nothing_alive(const weir::runtime& rt) {
  const weir::audit_report a = rt.audit();
  REQUIRE(a.frames == 0);
  REQUIRE(a.leases == 0);
  REQUIRE(a.operations == 0);
  REQUIRE(a.jobs == 0);
  REQUIRE(a.held_by_user == 0);
  REQUIRE(rt.metrics().memory_in_use == 0);
  REQUIRE(rt.metrics().memory_high_water <= rt.metrics().memory_budget);
}

/// What a consumer got of a picture_set, batch by batch. Looks at every pixel.
class delivered {
public:
  struct batch {
    std::vector<std::uint64_t> indices;
    std::vector<weir::shape> shapes;
    std::vector<bool> blanks;
    bool ragged = false;
  };
  explicit delivered(const picture_set& set) noexcept : set_(set) {}

  void take(weir::image_batch b) {
    batch seen;
    seen.ragged = b.ragged();
    REQUIRE_FALSE(b.empty());
    const std::vector<std::uint8_t> mask = b.mask();
    for (std::size_t i = 0; i < b.size(); ++i) {
      const weir::image& im = b[i];
      note(im);
      REQUIRE((mask[i] == 0) == im.blank());
      if (!seen.ragged) {
        REQUIRE(im.shape() == b.tensor().shape);
        REQUIRE(im.pixels().data() == b.tensor().data + i * im.shape().bytes());
      }
      seen.indices.push_back(im.index());
      seen.shapes.push_back(im.shape());
      seen.blanks.push_back(im.blank());
    }
    batches.push_back(std::move(seen));
  }
  void take(weir::image im) {
    note(im);
    batch alone;
    alone.indices.push_back(im.index());
    alone.shapes.push_back(im.shape());
    alone.blanks.push_back(im.blank());
    batches.push_back(std::move(alone));
  }

  [[nodiscard]] std::vector<std::uint64_t> indices() const {
    std::vector<std::uint64_t> all;
    for (const batch& b : batches) {
      all.insert(all.end(), b.indices.begin(), b.indices.end());
    }
    return all;
  }
  [[nodiscard]] std::vector<std::uint64_t> sorted() const {
    std::vector<std::uint64_t> all = indices();
    std::sort(all.begin(), all.end());
    return all;
  }
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> all;
    for (const batch& b : batches) {
      all.push_back(b.indices.size());
    }
    return all;
  }

  std::vector<batch> batches;

private:
  void note(const weir::image& im) {
    INFO("image " << im.index());
    const std::uint64_t file = im.index() % set_.size();
    REQUIRE(im.origin() == set_.paths()[file]);
    REQUIRE(shows(im, file));
    if (!im.blank()) {
      REQUIRE(set_.entries()[file].is == content::good);
      REQUIRE(im.shape() == set_.entries()[file].shape());
    }
  }
  const picture_set& set_;
};

/// The failures that an on_error saw.
class failures {
public:
  struct failure {
    std::string origin;
    weir::stage where;
    std::string message;
  };
  /// An observer; refers to this.
  weir::error_observer observer() {
    return [this](const weir::item_info& info, const std::exception_ptr& e) {
      try {
        std::rethrow_exception(e);
      } catch (const weir::error& found) {
        REQUIRE(found.origin() == info.from.text());
        REQUIRE(seen.emplace(info.index, failure{found.origin(), found.where(), found.message()}).second);
      }
    };
  }
  [[nodiscard]] std::vector<std::uint64_t> indices() const {
    std::vector<std::uint64_t> all;
    for (const auto& f : seen) {
      all.push_back(f.first);
    }
    return all;
  }
  std::map<std::uint64_t, failure> seen;
};

/// Runs a pipeline of batches or images to its end, into `to`.
template<class T> weir::outcome<> run_into(weir::runtime& rt, weir::pipeline<T> p, delivered& to) {
  auto each = [&](T value) { to.take(std::move(value)); };
  return rt.run(std::move(p).for_each(each));
}

} // namespace weir::test
