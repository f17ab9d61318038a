#include "store/sqlite/known_block.h"

#include <algorithm>
#include <limits>

namespace vhookd {
namespace {

constexpr char flag_matched = 1;
constexpr char flag_marked = 2;
constexpr std::size_t mark_bytes = 8;

std::size_t size_bytes(std::size_t size) {
  std::size_t count = 1;
  while ((size >>= 7) != 0) ++count;
  return count;
}

std::size_t packed_bytes(const PackedRow& row) {
  if (!row.stored.empty()) return row.stored.size();
  return size_bytes(row.key.size()) + row.key.size() + size_bytes(row.digest.size()) + row.digest.size() + 1 +
         (row.mark == 0 ? 0 : mark_bytes);
}

void append_sized(std::string& packed, std::string_view bytes) {
  std::size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7) packed += static_cast<char>(size | 0x80);
  packed += static_cast<char>(size);
  packed += bytes;
}

void append(std::string& packed, const PackedRow& row) {
  if (!row.stored.empty()) {
    packed += row.stored;
    return;
  }
  append_sized(packed, row.key);
  append_sized(packed, row.digest);
  packed += static_cast<char>((row.matched ? flag_matched : 0) | (row.mark == 0 ? 0 : flag_marked));
  if (row.mark == 0) return;
  const auto mark = static_cast<std::uint64_t>(row.mark);
  for (std::size_t i = mark_bytes; i-- > 0;) packed += static_cast<char>(mark >> (8 * i));
}

}  // namespace

bool BlockReader::take(std::size_t count, std::string_view& bytes) {
  damaged_ = damaged_ || count > rest_.size();
  if (damaged_) return false;
  bytes = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return true;
}

bool BlockReader::take_sized(std::string_view& bytes) {
  std::size_t size = 0;
  std::string_view byte;
  for (unsigned shift = 0; shift < 63; shift += 7) {
    if (!take(1, byte)) return false;
    size |= (static_cast<std::size_t>(byte[0]) & 0x7f) << shift;
    if ((byte[0] & 0x80) == 0) return take(size, bytes);
  }
  damaged_ = true;
  return false;
}

bool BlockReader::next(PackedRow& row) {
  if (rest_.empty() || damaged_) return false;
  const std::string_view from = rest_;
  std::string_view bytes;
  if (!take_sized(row.key) || !take_sized(row.digest) || !take(1, bytes)) return false;
  const char flags = bytes[0];
  row.matched = (flags & flag_matched) != 0;
  row.mark = 0;
  if ((flags & flag_marked) != 0) {
    if (!take(mark_bytes, bytes)) return false;
    std::uint64_t mark = 0;
    for (const char byte : bytes) mark = mark << 8 | static_cast<unsigned char>(byte);
    row.mark = static_cast<std::int64_t>(mark);
  }
  row.stored = from.substr(0, from.size() - rest_.size());
  return true;
}

PackedRow unpacked(const KnownRow& row) {
  return {.key = row.key, .digest = row.digest, .mark = row.mark, .matched = row.matched, .stored = {}};
}

std::vector<Block> pack(std::string_view first, std::span<const PackedRow> rows) {
  std::size_t total = 0;
  for (const auto& row : rows) total += packed_bytes(row);
  const std::size_t aim = total / ((total + block_max_bytes - 1) / block_max_bytes + (total == 0 ? 1 : 0));
  std::vector<Block> blocks;
  const auto open = [&](std::string_view from) {
    blocks.push_back({.first = std::string(from), .least_mark = std::numeric_limits<std::int64_t>::max()});
    blocks.back().packed.reserve(std::min(total, aim + aim / 4));
  };
  open(first);
  for (const auto& row : rows) {
    const bool full = blocks.back().rows > 0 && blocks.back().packed.size() + packed_bytes(row) / 2 > aim;
    if (full) open(row.key);
    Block& block = blocks.back();
    append(block.packed, row);
    ++block.rows;
    block.least_mark = std::min(block.least_mark, row.mark);
  }
  return blocks;
}

std::vector<PackedRow> merge(std::span<const PackedRow> rows, std::span<const KnownChange> changes) {
  std::vector<PackedRow> merged;
  merged.reserve(rows.size() + changes.size());
  auto row = rows.begin();
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const KnownChange& change = changes[i];
    if (i + 1 < changes.size() && changes[i + 1].key == change.key) continue;
    while (row != rows.end() && row->key < change.key) merged.push_back(*row++);
    if (row != rows.end() && row->key == change.key) ++row;
    if (change.row != nullptr) merged.push_back(unpacked(*change.row));
  }
  merged.insert(merged.end(), row, rows.end());
  return merged;
}

}  // namespace vhookd
