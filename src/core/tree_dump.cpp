#include "tree_dump.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "function_name.hpp"

namespace weir::detail {

namespace {
constexpr std::size_t deepest_indent = 40; // what is deeper says how deep it is instead
constexpr std::size_t frames_at_each_end = 6;
} // namespace

std::string place_in_source(std::source_location where) {
  constexpr std::string_view own = "weir::detail::";
  std::string s = function_name(where.function_name());
  if (s.compare(0, own.size(), own) == 0) {
    s.erase(0, own.size());
  }
  s += " (";
  s += file_name(where.file_name());
  s += ':';
  s += std::to_string(where.line());
  s += ')';
  return s;
}

std::string in_seconds(std::chrono::nanoseconds d) {
  char s[32];
  std::snprintf(s, sizeof s, "%.3f s", std::chrono::duration<double>(d).count());
  return s;
}

std::string in_bytes(std::uint64_t bytes) {
  char s[32];
  const auto n = static_cast<double>(bytes);
  if (bytes < 1024) {
    std::snprintf(s, sizeof s, "%.0f bytes", n);
  } else if (bytes < 1024 * 1024) {
    std::snprintf(s, sizeof s, "%.1f KiB", n / 1024);
  } else {
    std::snprintf(s, sizeof s, "%.1f MiB", n / (1024 * 1024));
  }
  return s;
}

std::string tree_dump::below(const stop_source& s) {
  text_.clear();
  push_children(s, 0);
  while (!to_visit_.empty()) {
    const place p = to_visit_.back();
    to_visit_.pop_back();
    const std::size_t left = to_visit_.size();
    line l = describe(*p.here, p.depth);
    l.has_children = to_visit_.size() != left;
    add(std::move(l));
  }
  write_held_back();
  return std::exchange(text_, {});
}

// So that the oldest is taken first. A chain that has ended is nothing that is waited for; one that is a part of another is
// written below that.
void tree_dump::push_children(const stop_source& s, std::size_t depth) {
  const auto before = static_cast<std::ptrdiff_t>(to_visit_.size());
  s.each_node([&](const stop_node& n) {
    const chain* const c = n.as_chain();
    if (c != nullptr && c->leaf_ != nullptr && !c->is_part_of_another()) {
      to_visit_.push_back({c, depth});
    }
  });
  if (s.stop_requested()) { // those that have been told are listed the other way round
    std::reverse(to_visit_.begin() + before, to_visit_.end());
  }
}

tree_dump::line tree_dump::describe(const chain& c, std::size_t depth) {
  line l;
  l.depth = depth;
  l.count = 1;
  std::vector<const promise_base*> frames; // the innermost first
  for (const promise_base* p = c.leaf_; p != nullptr; p = p->caller_) {
    frames.push_back(p);
  }
  for (std::size_t i = frames.size(); i-- > 0;) {
    if (const std::size_t out = frames.size() - 1 - i; out == frames_at_each_end && i >= frames_at_each_end) {
      l.text += " > ... " + std::to_string(i + 1 - frames_at_each_end) + " more";
      i = frames_at_each_end;
      continue;
    }
    l.text += i + 1 == frames.size() ? "" : " > ";
    l.text += place_in_source(frames[i]->where_);
  }
  l.text += ": ";
  if (c.parked_ == nullptr) {
    const char* const unwinding = c.queued() ? "stopped, about to be destroyed" : "stopped, waits for its scope's children";
    l.text += c.unwinding_ ? unwinding : c.queued() ? "ready to go on" : "running";
    return l;
  }
  const wait_note note = c.parked_->waits_for();
  l.text += c.stop_requested() ? "asked to stop, waits for " : "waits for ";
  l.text += note.what;
  if (!note.subject.empty()) {
    l.text += ' ';
    l.text += note.subject;
  }
  if (note.bytes != 0) {
    l.text += " (" + in_bytes(note.bytes) + ")";
  }
  if (now_ != time_point{} && c.parked_since_ != time_point{}) {
    l.timed = true;
    l.least = l.most = std::max(now_ - c.parked_since_, std::chrono::nanoseconds(0));
  }
  if (note.children != nullptr) {
    push_children(*note.children, depth + 1);
  }
  if (note.child != nullptr && note.child->leaf_ != nullptr) {
    to_visit_.push_back({note.child, depth + 1});
  }
  return l;
}

void tree_dump::add(line l) {
  if (held_back_.count != 0 && !held_back_.has_children && !l.has_children && held_back_.depth == l.depth &&
      held_back_.timed == l.timed && held_back_.text == l.text) {
    ++held_back_.count;
    held_back_.least = std::min(held_back_.least, l.least);
    held_back_.most = std::max(held_back_.most, l.most);
    return;
  }
  write_held_back();
  held_back_ = std::move(l);
}

void tree_dump::write_held_back() {
  const line l = std::exchange(held_back_, {});
  if (l.count == 0) {
    return;
  }
  text_.append(2 * std::min(l.depth, deepest_indent), ' ');
  text_ += "- ";
  if (l.depth > deepest_indent) {
    text_ += "[" + std::to_string(l.depth) + " deep] ";
  }
  if (l.count > 1) {
    text_ += std::to_string(l.count) + " x ";
  }
  text_ += l.text;
  if (l.timed) {
    const std::string least = in_seconds(l.least);
    const std::string most = in_seconds(l.most);
    text_ += ", " + (least == most ? least : least.substr(0, least.size() - 2) + " to " + most);
  }
  text_ += '\n';
}

} // namespace weir::detail
