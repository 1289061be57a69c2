// Trees and chains that move a buffer in chunks, one behind the other.
#pragma once

#include <vector>

#include "tests/oracle/phase.h"
#include "tests/oracle/schedule.h"

namespace commplan::oracle {

// A rooted tree over members 0 .. p-1.
struct Tree {
  int root = 0;
  std::vector<int> parent;  // -1 for the root
  std::vector<std::vector<int>> children;
  std::vector<int> top_down;   // by level, left to right
  std::vector<int> bottom_up;  // deepest level first, left to right

  int Depth() const;  // edges from the root to the deepest member
};

// root - root+1 - ... - root+p-1, modulo p.
Tree ChainTree(int p, int root);
// A balanced binary tree whose in-order walk is 0 .. p-1: even members are leaves, odd members are
// inner nodes, and its depth is floor(log2 p).
Tree InOrderTree(int p);
// The other tree of the double tree (Sanders, Speck, Traeff): the in-order tree mirrored (even p)
// or shifted by one (odd p), so that members that are inner nodes in one are leaves in the other.
Tree ComplementTree(int p);
// The same shape with members renumbered by rotation, so that `root` becomes the root.
Tree Rotated(const Tree& tree, int root);

// Moves a span along a tree in chunks. Chunk c goes up an edge when it has come up from all
// children of the lower end, and down an edge when it has come down to (or, at the root, been
// summed by) the upper end. `window` is how many chunks an edge has in flight in one direction:
// chunk c leaves only after chunk c - window has arrived (and been added); 1 gives the textbook's
// pipeline, in which the latency of an edge is paid per chunk, 0 sets no limit. Methods must be
// called chunk by chunk; the order of the calls is the issue order.
class TreePipeline {
 public:
  TreePipeline(Schedule* schedule, Team team, Tree tree, int buffer, Span span, int chunks,
               int window, Gates entry);

  // Adds chunk c at each parent, from the leaves up.
  void ReduceChunk(int c);
  // Sends chunk c from the root down.
  void BroadcastChunk(int c);

  // What each member waits for until all that has been issued is complete.
  const Gates& done() const { return done_; }

 private:
  // Per member the operation that moved chunk c along its edge to the parent.
  using Moves = std::vector<Deps>;
  Deps WindowGate(const std::vector<Moves>& moves, int c, int member) const;

  Schedule* schedule_;
  Team team_;
  Tree tree_;
  int buffer_;
  Span span_;
  int chunks_;
  int window_;
  Gates entry_;
  Gates done_;
  std::vector<Moves> up_;    // by chunk
  std::vector<Moves> down_;  // by chunk
};

Gates PipelinedReduce(Schedule* schedule, const Team& team, const Tree& tree, int buffer, Span span,
                      int chunks, int window, const Gates& entry);
Gates PipelinedBroadcast(Schedule* schedule, const Team& team, const Tree& tree, int buffer,
                         Span span, int chunks, int window, const Gates& entry);
// Several trees at once, tree t carrying part t of the span. A chunk turns round at the root as
// soon as it is summed, so the way up of later chunks overlaps the way down of earlier ones.
Gates PipelinedAllReduce(Schedule* schedule, const Team& team, const std::vector<Tree>& trees,
                         int buffer, Span span, int chunks, int window, const Gates& entry);

}  // namespace commplan::oracle
