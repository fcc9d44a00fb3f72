#pragma once

#include <weir/detail/sync.hpp>

namespace weir::loop {

/// A piece of work handed to a loop from another thread. Intrusive: posting allocates nothing, so it can't fail and is
/// async-signal-safe. The node belongs to the queue from the post until `run` is called on the loop thread, once a post.
struct remote_node {
  using run_fn = void (*)(remote_node&) noexcept;
  explicit remote_node(run_fn fn) noexcept : run(fn) {}
  remote_node* next = nullptr;
  run_fn run;
};

/// Many producers, one consumer (the loop thread). Producers push onto a stack with one compare-and-swap; the consumer takes
/// the whole stack with one exchange and turns it round, so nodes of one producer run in the order in which they were posted.
/// No node is ever popped alone, so there is no ABA.
class remote_queue {
public:
  /// Any thread, async-signal-safe. Release: what the producer wrote before is visible to `run`.
  void push(remote_node& node) noexcept { push_chain(node, node); }

  /// Pushes `first -> ... -> last`, linked through `next` in the order in which they shall run.
  void push_chain(remote_node& first, remote_node& last) noexcept {
    // The stack is newest first, so a chain in run order is turned round once here.
    remote_node* newest = nullptr;
    for (remote_node* n = &first;;) {
      remote_node* following = n->next;
      const bool end = n == &last;
      n->next = newest;
      newest = n;
      if (end) {
        break;
      }
      n = following;
    }
    remote_node* head = head_.load(std::memory_order_relaxed);
    do {
      first.next = head;
    } while (!head_.compare_exchange_weak(head, newest, std::memory_order_seq_cst, std::memory_order_relaxed));
  }

  /// Loop thread. Everything pushed so far, oldest first, linked through `next`; null if nothing was.
  remote_node* take_all() noexcept {
    remote_node* node = head_.exchange(nullptr, std::memory_order_seq_cst);
    remote_node* oldest = nullptr;
    while (node != nullptr) {
      remote_node* following = node->next;
      node->next = oldest;
      oldest = node;
      node = following;
    }
    return oldest;
  }

  [[nodiscard]] bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

private:
  sync::atomic<remote_node*> head_{nullptr};
};

/// The part of a loop that other threads may use.
class remote {
public:
  /// Any thread, async-signal-safe. `node.run` is called on the loop thread, in a later turn. Wakes the loop only if it sleeps.
  virtual void post_remote(remote_node& node) noexcept = 0;
  /// The same for `first -> ... -> last`, linked through `next`: one hand-over and at most one wake for the lot.
  virtual void post_remote_chain(remote_node& first, remote_node& last) noexcept = 0;

protected:
  ~remote() = default;
};

} // namespace weir::loop
