#include "model/compute/attention.h"

#include <algorithm>

#include "model/base/check.h"

namespace commplan {

// Row i of s (from 0) sees past + i + 1 keys, at most `window`. The rows before the window fills
// form an arithmetic series, the others are flat.
double VisiblePairs(double new_tokens, double past_tokens, double window) {
  CHECK(new_tokens >= 1 && past_tokens >= 0 && window >= 0);
  const double all = new_tokens * past_tokens + new_tokens * (new_tokens + 1) / 2;
  if (window <= 0) return all;
  const double rising = std::clamp(window - past_tokens, 0.0, new_tokens);
  return rising * past_tokens + rising * (rising + 1) / 2 + (new_tokens - rising) * window;
}

AttentionWork ReduceAttention(const AttentionShape& shape, double kv_bytes, double value_bytes) {
  CHECK(shape.phase == AttentionPhase::kContext || shape.new_tokens == 1);
  const double keys = shape.new_tokens + shape.past_tokens;
  const double longest = shape.window > 0 ? std::min(keys, shape.window) : keys;
  // A window that is filled holds the keys of every new token's window, at most all.
  const double held = shape.window > 0 ? std::min(keys, shape.window + shape.new_tokens - 1) : keys;
  const double cached_size = shape.latent ? shape.qk_size : shape.qk_size + shape.v_size;
  const double per_pair = 2 * shape.batch * shape.q_heads * (shape.qk_size + shape.v_size);
  AttentionWork work;
  work.flops = per_pair * VisiblePairs(shape.new_tokens, shape.past_tokens, shape.window);
  work.row_flops = per_pair * shape.new_tokens;
  work.moved =
      shape.batch * shape.kv_heads * held * cached_size * kv_bytes +
      shape.batch * shape.q_heads * shape.new_tokens * (shape.qk_size + shape.v_size) * value_bytes;
  work.kv_items = shape.batch * shape.kv_heads;
  work.q_items = shape.batch * shape.q_heads;
  work.longest = longest;
  work.unsplit = shape.q_heads == shape.kv_heads ? 1 : 0;
  return work;
}

}  // namespace commplan
