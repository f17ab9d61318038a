// Known rows packed into blocks, and a block after a poll's changes. Pure; store/sqlite/schema.h documents the table.
//
// A packed row: key size (LEB128), key, digest size (LEB128), digest, one byte of flags (1: matched, 2: a mark
// follows), the mark in eight bytes, big-endian. Rows are in key order, no key twice. A mark of 0 is omitted: most
// detection methods write no other.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/known.h"

namespace vhookd {

// Two blocks of this size fill a page of the state file. With short keys a block holds some 140 rows.
constexpr std::size_t block_max_bytes = 3900;

// A row in a block. Key and digest are views into the block, or into the KnownRow it was made from.
struct PackedRow {
  std::string_view key;
  std::string_view digest;
  std::int64_t mark = 0;
  bool matched = true;
  std::string_view stored;  // its bytes in the block; empty: it was made from a KnownRow

  explicit operator KnownRow() const {
    return {.key = std::string(key), .digest = std::string(digest), .mark = mark, .matched = matched};
  }
};

PackedRow unpacked(const KnownRow& row);

// Reads a block's rows in order. The block must outlive it.
class BlockReader {
 public:
  explicit BlockReader(std::string_view packed) : rest_(packed) {}
  bool next(PackedRow& row);  // false: there is no further row, or the bytes are damaged
  bool damaged() const { return damaged_; }

 private:
  bool take(std::size_t count, std::string_view& bytes);
  bool take_sized(std::string_view& bytes);

  std::string_view rest_;
  bool damaged_ = false;
};

// A block to be stored.
struct Block {
  std::string first;  // the least key it may hold
  std::int64_t rows = 0;
  std::int64_t least_mark = 0;  // the greatest integer if it has no rows
  std::string packed;
};

// The change a poll makes to one key.
struct KnownChange {
  std::string_view key;
  const KnownRow* row = nullptr;  // the new row; null: the key is forgotten
};

// `rows`, in key order, in the least number of blocks, filled evenly; at least one. The first begins at `first`.
std::vector<Block> pack(std::string_view first, std::span<const PackedRow> rows);

// The rows of a block after `changes`. Both are in key order; of several changes to one key the last is valid.
std::vector<PackedRow> merge(std::span<const PackedRow> rows, std::span<const KnownChange> changes);

}  // namespace vhookd
