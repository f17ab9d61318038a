#include "daemon/engine/known_row_reader.h"

#include <algorithm>

namespace vhookd {
namespace {

// A thousand rows with short keys are some 100 KB.
constexpr int least_ahead = 8;
constexpr int most_ahead = 1024;

}  // namespace

bool KnownRowReader::covers(const std::string& key) const {
  if (limit_ == 0 || key < from_) return false;
  return to_end_ || (!rows_.empty() && key <= rows_.back().key);
}

Result<void> KnownRowReader::read_ahead(const std::string& key) {
  const bool worth_it = 2 * used_ >= rows_.size();
  const int limit = worth_it ? std::clamp(2 * limit_, least_ahead, most_ahead) : least_ahead;
  auto rows = polls_->known_from(id_, key, limit);
  if (!rows) return std::unexpected(rows.error());
  to_end_ = rows->size() < static_cast<std::size_t>(limit);
  rows_ = std::move(*rows);
  from_ = key;
  limit_ = limit;
  next_ = 0;
  used_ = 0;
  return {};
}

Result<std::optional<KnownRow>> KnownRowReader::find(const std::string& key) {
  if (!covers(key))
    if (auto read = read_ahead(key); !read) return std::unexpected(read.error());
  ++used_;
  auto row = rows_.begin() + static_cast<std::ptrdiff_t>(next_);
  if (row == rows_.end() || row->key != key) row = std::ranges::lower_bound(rows_, key, {}, &KnownRow::key);
  if (row == rows_.end() || row->key != key) return std::nullopt;
  next_ = static_cast<std::size_t>(row - rows_.begin()) + 1;
  return *row;
}

void KnownRowReader::clear() {
  rows_.clear();
  to_end_ = false;
  next_ = used_ = 0;
  limit_ = 0;
}

}  // namespace vhookd
