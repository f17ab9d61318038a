#include "scheduler/detect/gone_keys.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/key.h"

namespace vhookd {

namespace {

constexpr int known_batch = 1000;

}  // namespace

// Known rows the keys have passed without meeting them (all that are left, for a null key).
Result<void> GoneKeys::forget_before(const std::string* key, PageBuilder& builder,
                                     const PageBuilder::CheckpointMaker& before) {
  while (true) {
    if (ahead_.empty() && !exhausted_) {
      auto batch = known_.after(fetched_, known_batch);
      if (!batch) return std::unexpected(batch.error());
      exhausted_ = batch->size() < static_cast<std::size_t>(known_batch);
      if (!batch->empty()) fetched_ = batch->back().key;
      std::ranges::move(*batch, std::back_inserter(ahead_));
    }
    if (ahead_.empty() || (key != nullptr && ahead_.front().key >= *key)) return {};
    builder.forget(std::move(ahead_.front().key), before);
    ahead_.pop_front();
  }
}

Result<void> GoneKeys::row(Row row, PageBuilder& builder, const PageBuilder::CheckpointMaker& before) {
  std::string key;
  for (const auto& value : row)
    if (!append_key(key, value)) return {};  // the scan has said so already
  // Keys that come in an order of their own can't be merged with the known ones: then nothing is forgotten.
  disordered_ = disordered_ || (!last_key_.empty() && key < last_key_);
  if (disordered_) return {};
  last_key_ = key;
  if (auto done = forget_before(&key, builder, before); !done) return done;
  if (!ahead_.empty() && ahead_.front().key == key) ahead_.pop_front();
  return {};
}

Result<void> GoneKeys::finish(PageBuilder& builder, const PageBuilder::CheckpointMaker& before) {
  return disordered_ ? Result<void>() : forget_before(nullptr, builder, before);
}

}  // namespace vhookd
