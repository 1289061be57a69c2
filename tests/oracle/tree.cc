#include "tests/oracle/tree.h"

#include <algorithm>
#include <utility>

#include "tests/oracle/require.h"

namespace commplan::oracle {
namespace {

std::size_t Index(int i) { return static_cast<std::size_t>(i); }

// Fills in what follows from `parent`; children come in the order of `left_to_right`.
Tree Finish(std::vector<int> parent, const std::vector<int>& left_to_right) {
  Tree tree;
  tree.parent = std::move(parent);
  tree.children.resize(tree.parent.size());
  for (int member : left_to_right) {
    const int above = tree.parent[Index(member)];
    if (above < 0) {
      tree.root = member;
    } else {
      tree.children[Index(above)].push_back(member);
    }
  }
  std::vector<std::vector<int>> levels = {{tree.root}};
  while (!levels.back().empty()) {
    std::vector<int> below;
    for (int member : levels.back()) {
      below.insert(below.end(), tree.children[Index(member)].begin(),
                   tree.children[Index(member)].end());
    }
    levels.push_back(below);
  }
  for (const std::vector<int>& level : levels) {
    tree.top_down.insert(tree.top_down.end(), level.begin(), level.end());
    tree.bottom_up.insert(tree.bottom_up.begin(), level.begin(), level.end());
  }
  return tree;
}

// The subtree over [first, last], where `first` is even: its root is the odd member nearest to the
// middle, or the only member.
int BuildInOrder(int first, int last, std::vector<int>* parent) {
  if (first == last) return first;
  const int middle = (first + last) / 2;
  const int root = middle % 2 == 1 ? middle : middle + 1;
  (*parent)[Index(BuildInOrder(first, root - 1, parent))] = root;
  if (root < last) (*parent)[Index(BuildInOrder(root + 1, last, parent))] = root;
  return root;
}

// Member i of the result stands where number_of(i) stood.
template <typename Renumbering>
Tree Renumbered(const Tree& tree, const Renumbering& number_of) {
  const int p = static_cast<int>(tree.parent.size());
  std::vector<int> member_at(Index(p));
  for (int i = 0; i < p; ++i) member_at[Index(number_of(i))] = i;
  std::vector<int> parent(Index(p));
  std::vector<int> left_to_right;
  for (int i = 0; i < p; ++i) {
    const int above = tree.parent[Index(i)];
    parent[Index(member_at[Index(i)])] = above < 0 ? -1 : member_at[Index(above)];
    left_to_right.push_back(member_at[Index(i)]);
  }
  return Finish(std::move(parent), left_to_right);
}

}  // namespace

int Tree::Depth() const {
  int depth = 0;
  for (int member = top_down.back(); parent[Index(member)] >= 0; member = parent[Index(member)]) {
    ++depth;
  }
  return depth;
}

Tree ChainTree(int p, int root) {
  std::vector<int> parent(Index(p));
  for (int i = 0; i < p; ++i) {
    parent[Index((root + i) % p)] = i == 0 ? -1 : (root + i - 1) % p;
  }
  return Finish(std::move(parent), WholeTeam(p));
}

Tree InOrderTree(int p) {
  std::vector<int> parent(Index(p), -1);
  BuildInOrder(0, p - 1, &parent);
  return Finish(std::move(parent), WholeTeam(p));
}

Tree ComplementTree(int p) {
  const Tree tree = InOrderTree(p);
  if (p % 2 == 0) return Renumbered(tree, [p](int i) { return p - 1 - i; });
  return Renumbered(tree, [p](int i) { return (i + 1) % p; });
}

Tree Rotated(const Tree& tree, int root) {
  const int p = static_cast<int>(tree.parent.size());
  const int shift = tree.root - root + p;
  return Renumbered(tree, [p, shift](int i) { return (i + shift) % p; });
}

TreePipeline::TreePipeline(Schedule* schedule, Team team, Tree tree, int buffer, Span span,
                           int chunks, int window, Gates entry)
    : schedule_(schedule),
      team_(std::move(team)),
      tree_(std::move(tree)),
      buffer_(buffer),
      span_(span),
      chunks_(chunks),
      window_(window),
      entry_(std::move(entry)),
      done_(entry_),
      up_(Index(chunks), Moves(team_.size())),
      down_(Index(chunks), Moves(team_.size())) {
  Require(chunks >= 1 && window >= 0, "a pipeline moves chunks through a window");
}

void TreePipeline::ReduceChunk(int c) {
  const Region chunk = In(buffer_, Block(span_, c, chunks_));
  for (int member : tree_.bottom_up) {
    const int parent = tree_.parent[Index(member)];
    if (parent < 0) continue;
    Deps after = Join(At(entry_, member), WindowGate(up_, c, member));
    for (int child : tree_.children[Index(member)]) {
      after = Join(after, up_[Index(c)][Index(child)]);
    }
    const int moved = schedule_->Send(RankOf(team_, member), {chunk}, RankOf(team_, parent),
                                      {chunk}, after, Arrival::kAdd);
    up_[Index(c)][Index(member)] = {moved};
    At(done_, parent).push_back(moved);
  }
}

void TreePipeline::BroadcastChunk(int c) {
  const Region chunk = In(buffer_, Block(span_, c, chunks_));
  for (int member : tree_.top_down) {
    const int parent = tree_.parent[Index(member)];
    if (parent < 0) continue;
    Deps after = WindowGate(down_, c, member);
    if (parent == tree_.root) {
      after = Join(after, At(entry_, parent));
      for (int child : tree_.children[Index(parent)]) {
        after = Join(after, up_[Index(c)][Index(child)]);
      }
    } else {
      after = Join(after, down_[Index(c)][Index(parent)]);
    }
    const int moved =
        schedule_->Send(RankOf(team_, parent), {chunk}, RankOf(team_, member), {chunk}, after);
    down_[Index(c)][Index(member)] = {moved};
    At(done_, member).push_back(moved);
  }
}

Deps TreePipeline::WindowGate(const std::vector<Moves>& moves, int c, int member) const {
  if (window_ == 0 || c < window_) return {};
  return moves[Index(c - window_)][Index(member)];
}

Gates PipelinedReduce(Schedule* schedule, const Team& team, const Tree& tree, int buffer, Span span,
                      int chunks, int window, const Gates& entry) {
  TreePipeline pipeline(schedule, team, tree, buffer, span, chunks, window, entry);
  for (int c = 0; c < chunks; ++c) pipeline.ReduceChunk(c);
  return pipeline.done();
}

Gates PipelinedBroadcast(Schedule* schedule, const Team& team, const Tree& tree, int buffer,
                         Span span, int chunks, int window, const Gates& entry) {
  TreePipeline pipeline(schedule, team, tree, buffer, span, chunks, window, entry);
  for (int c = 0; c < chunks; ++c) pipeline.BroadcastChunk(c);
  return pipeline.done();
}

Gates PipelinedAllReduce(Schedule* schedule, const Team& team, const std::vector<Tree>& trees,
                         int buffer, Span span, int chunks, int window, const Gates& entry) {
  const int parts = static_cast<int>(trees.size());
  std::vector<TreePipeline> pipelines;
  pipelines.reserve(trees.size());
  for (int t = 0; t < parts; ++t) {
    pipelines.emplace_back(schedule, team, trees[Index(t)], buffer, Block(span, t, parts), chunks,
                           window, entry);
  }
  for (int c = 0; c < chunks; ++c) {
    for (TreePipeline& pipeline : pipelines) pipeline.ReduceChunk(c);
    for (TreePipeline& pipeline : pipelines) pipeline.BroadcastChunk(c);
  }
  Gates done = entry;
  for (const TreePipeline& pipeline : pipelines) {
    for (int i = 0; i < Size(team); ++i) At(done, i) = Join(At(done, i), At(pipeline.done(), i));
  }
  return done;
}

}  // namespace commplan::oracle
