// Known rows packed into blocks, and what a poll's changes make of one. Pure; the table they stand in is
// documented in store/sqlite/schema.h.
//
// A packed row: key size (LEB128), key, digest size (LEB128), digest, one byte of flags (1: matched, 2: a mark
// follows), the mark in eight bytes, big-endian. Rows in key order, no key twice. A mark of 0 is left out:
// most strategies write nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/known.h"

namespace vhookd {

// So large, two blocks fill a page of the state file: some 140 rows with short keys each.
constexpr std::size_t block_max_bytes = 3900;

// A row as it stands in a block; key and digest are views into whatever it came from.
struct PackedRow {
  std::string_view key;
  std::string_view digest;
  std::int64_t mark = 0;
  bool matched = true;
  std::string_view stored;  // all of it, as it stood in its block; empty: it comes from none

  explicit operator KnownRow() const {
    return {.key = std::string(key), .digest = std::string(digest), .mark = mark, .matched = matched};
  }
};

PackedRow unpacked(const KnownRow& row);

// Walks over a block's rows.
class BlockReader {
 public:
  explicit BlockReader(std::string_view packed) : rest_(packed) {}
  bool next(PackedRow& row);  // false: that was the last, or the bytes are damaged
  bool damaged() const { return damaged_; }

 private:
  bool take(std::size_t count, std::string_view& bytes);
  bool take_sized(std::string_view& bytes);

  std::string_view rest_;
  bool damaged_ = false;
};

// A block to be stored.
struct Block {
  std::string first;  // the first key it may hold
  std::int64_t rows = 0;
  std::int64_t least_mark = 0;  // the greatest integer where it has no rows
  std::string packed;
};

// What a poll makes of one key: the row to stand there, or nothing.
struct KnownChange {
  std::string_view key;
  const KnownRow* row = nullptr;  // null: forgotten
};

// `rows`, in key order, as as few blocks as take them, filled alike; at least one. The first begins at `first`.
std::vector<Block> pack(std::string_view first, std::span<const PackedRow> rows);

// The rows of a block after `changes`, both in key order; where a key is changed twice the later change holds.
std::vector<PackedRow> merge(std::span<const PackedRow> rows, std::span<const KnownChange> changes);

}  // namespace vhookd
