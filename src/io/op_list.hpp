#pragma once

#include "engine.hpp"

namespace weir::io {

/// Operations in order, linked through themselves: queueing can't fail, and any of them can be taken out at once.
class op_list {
public:
  op_list() noexcept = default;
  op_list(const op_list&) = delete;
  op_list& operator=(const op_list&) = delete;

  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] read_op* front() const noexcept { return first_; }

  void push_back(read_op& op) noexcept {
    op.previous = last_;
    op.next_active = nullptr;
    (last_ == nullptr ? first_ : last_->next_active) = &op;
    last_ = &op;
  }

  void push_front(read_op& op) noexcept {
    op.previous = nullptr;
    op.next_active = first_;
    (first_ == nullptr ? last_ : first_->previous) = &op;
    first_ = &op;
  }

  void remove(read_op& op) noexcept {
    (op.previous == nullptr ? first_ : op.previous->next_active) = op.next_active;
    (op.next_active == nullptr ? last_ : op.next_active->previous) = op.previous;
    op.previous = op.next_active = nullptr;
  }

  read_op* pop_front() noexcept {
    read_op* op = first_;
    if (op != nullptr) {
      remove(*op);
    }
    return op;
  }

private:
  read_op* first_ = nullptr;
  read_op* last_ = nullptr;
};

/// Operations that have ended on their way back to the loop: one post and at most one wake for all of them.
class op_chain {
public:
  void push(read_op& op) noexcept {
    op.next = nullptr;
    (last_ == nullptr ? first_ : last_->next) = &op;
    last_ = &op;
  }

  /// From here on they are the loop's, and may be gone at any time.
  void post(loop::remote& to) noexcept {
    if (first_ != nullptr) {
      loop::remote_node* first = first_;
      loop::remote_node* last = last_;
      first_ = last_ = nullptr;
      to.post_remote_chain(*first, *last);
    }
  }

private:
  loop::remote_node* first_ = nullptr;
  loop::remote_node* last_ = nullptr;
};

} // namespace weir::io
