// What a poll has gathered: pages being cut and rows to be remembered, parted so that each part can be
// committed with the checkpoint that belongs to it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/known.h"
#include "core/page.h"
#include "core/secret.h"
#include "scheduler/detect/plan.h"
#include "scheduler/payload/encode.h"

namespace vhookd {

// What every page of one poll has in common.
struct PageStyle {
  std::string webhook_json;  // the payload's `webhook` object
  Secret secret;             // signs the records; empty: nonce and sig256 are left out
  int max_records = 500;
  std::uint64_t next_sequence = 1;
  bool initial = false;  // pages of a first sync: INITIAL-PARTIAL, the last one INITIAL-COMPLETE
  std::function<std::string()> random_id;
  // When a part is sealed. Small enough that a poll of millions of rows stays in a few MiB, large enough that
  // a commit's fsync is shared by thousands of rows.
  std::size_t part_bytes = std::size_t{1} << 20;
  std::size_t part_known_rows = 5000;
};

// A part that can be committed: everything up to `checkpoint`.
struct Part {
  std::string checkpoint;
  std::vector<Page> pages;
  std::vector<KnownRow> remember;
  std::vector<std::string> forget;
  std::vector<KnownRange> ranges;           // to be stored …
  std::vector<std::string> dropped_ranges;  // … before these are taken out, by their first key
  bool no_ranges = false;                   // all that is stored of ranges is void, before anything else
};

class PageBuilder {
 public:
  // The checkpoint as of all rows before the one being handled.
  using CheckpointMaker = std::function<std::string()>;

  PageBuilder(PageStyle style, RecordWriter writer) : style_(std::move(style)), writer_(std::move(writer)) {}

  // Adds a record. Where that closes a page and enough has gathered, what came before becomes a part.
  void record(Row row, const CheckpointMaker& before);
  void record(const RecordWriter& writer, Row row, const CheckpointMaker& before);
  // After record(), where the row is sent too.
  void remember(KnownRow row, const CheckpointMaker& before);
  void forget(std::string key) { open_.forget.push_back(std::move(key)); }
  void forget(std::string key, const CheckpointMaker& before);  // one of very many
  // In the part of the rows remembered before it, or a later one.
  void remember_range(KnownRange range) { open_.ranges.push_back(std::move(range)); }
  void drop_range(std::string first) { open_.dropped_ranges.push_back(std::move(first)); }
  void forget_ranges() { open_.no_ranges = true; }

  bool has_part() const { return sealed_.has_value(); }
  std::optional<Part> take_part();      // a finished part, where there is one
  Part finish(std::string checkpoint);  // the rest, the last page closed

  std::int64_t records() const { return records_; }
  int pages() const { return pages_; }
  std::uint64_t next_sequence() const { return style_.next_sequence; }

 private:
  void close_page(PageType type);
  void seal(const CheckpointMaker& before);

  PageStyle style_;
  RecordWriter writer_;
  Part open_;
  std::size_t open_bytes_ = 0;
  std::string data_;  // the open page's records, "[{…},{…}" without the closing bracket
  int data_records_ = 0;
  bool recorded_ = false;  // a record was added since the last row to be remembered, which may be the same
  std::optional<Part> sealed_;
  std::int64_t records_ = 0;
  int pages_ = 0;
};

}  // namespace vhookd
