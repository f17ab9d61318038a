#include "scheduler/payload/page_builder.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "core/page_body.h"

namespace vhookd {
namespace {

// A poll of rows 1, 2, 3 …, whose checkpoint is the last row handled.
class Rows {
 public:
  explicit Rows(PageStyle style) : harvest_(with_ids(std::move(style)), RecordWriter({"id"}, {0})) {}

  void record(int count = 1) {
    for (; count > 0; --count) {
      const auto text = std::to_string(last_ + 1);
      const Value value{.kind = Kind::integer, .text = text};
      harvest_.record(Row(&value, 1), [this] { return std::to_string(last_); });
      ++last_;
      take();
    }
  }
  void note(int count = 1) {
    for (; count > 0; --count) {
      harvest_.remember({.key = std::to_string(last_ + 1), .digest = "d"}, [this] { return std::to_string(last_); });
      ++last_;
      take();
    }
  }
  std::vector<Part>& finish() {
    parts.push_back(harvest_.finish(std::to_string(last_)));
    return parts;
  }
  std::vector<Page> pages() const {
    std::vector<Page> all;
    for (const auto& part : parts) all.insert(all.end(), part.pages.begin(), part.pages.end());
    return all;
  }
  std::vector<std::string> types() const {
    std::vector<std::string> all;
    for (const auto& page : pages()) all.emplace_back(name_of(page.type));
    return all;
  }

  std::vector<Part> parts;

 private:
  PageStyle with_ids(PageStyle style) {
    style.webhook_json = R"({"id":"w"})";
    style.random_id = [this] { return "r" + std::to_string(++ids_); };
    return style;
  }
  void take() {
    if (auto part = harvest_.take_part()) parts.push_back(std::move(*part));
  }

  int ids_ = 0;
  int last_ = 0;
  PageBuilder harvest_;
};

PageStyle style(int max_records, bool initial = false) {
  return {.webhook_json = {},
          .secret = {},
          .max_records = max_records,
          .next_sequence = 7,
          .initial = initial,
          .random_id = {}};
}

using Types = std::vector<std::string>;

TEST(PageBuilder, NothingIsOnePartWithoutPages) {
  Rows rows(style(3));
  ASSERT_EQ(rows.finish().size(), 1U);
  EXPECT_TRUE(rows.parts[0].pages.empty());
  EXPECT_EQ(rows.parts[0].checkpoint, "0");
}

TEST(PageBuilder, PagesAreCutAtTheLimitWithoutAGapInTheirSequence) {
  for (const int count : {1, 2, 3, 4, 6, 7}) {
    Rows rows(style(3));
    rows.record(count);
    rows.finish();
    const auto pages = rows.pages();
    ASSERT_EQ(pages.size(), static_cast<std::size_t>((count + 2) / 3));
    int records = 0;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const auto body = nlohmann::json::parse(pages[i].body);
      EXPECT_EQ(pages[i].sequence, 7 + i);
      EXPECT_EQ(body.at("sequence"), 7 + i);
      for (const auto& record : body.at("data")) EXPECT_EQ(record.at("id"), ++records);
      EXPECT_EQ(body.at("data").size(), static_cast<std::size_t>(pages[i].records));
      EXPECT_EQ(body.at("type"), "VIRTUAL");
    }
    EXPECT_EQ(records, count);
  }
}

TEST(PageBuilder, TheLastPageOfAFirstSyncIsComplete) {
  const auto types = [](int count) {
    Rows rows(style(2, true));
    rows.record(count);
    rows.finish();
    return rows.types();
  };
  EXPECT_EQ(types(0), Types());
  EXPECT_EQ(types(1), Types({"INITIAL-COMPLETE"}));
  EXPECT_EQ(types(2), Types({"INITIAL-COMPLETE"}));
  EXPECT_EQ(types(3), Types({"INITIAL-PARTIAL", "INITIAL-COMPLETE"}));
  EXPECT_EQ(types(4), Types({"INITIAL-PARTIAL", "INITIAL-COMPLETE"}));
}

TEST(PageBuilder, PartsEndAtPageBordersWithTheirCheckpoint) {
  auto small = style(2);
  small.part_bytes = 1;
  Rows rows(small);
  rows.record(5);
  rows.finish();
  ASSERT_EQ(rows.parts.size(), 3U);
  EXPECT_EQ(rows.parts[0].checkpoint, "2");
  EXPECT_EQ(rows.parts[1].checkpoint, "4");
  EXPECT_EQ(rows.parts[2].checkpoint, "5");
  for (const auto& part : rows.parts) EXPECT_EQ(part.pages.size(), 1U);
}

TEST(PageBuilder, NotedRowsArePartedWhereNoPageIsOpen) {
  auto small = style(10);
  small.part_known_rows = 3;
  Rows rows(small);
  rows.note(7);
  EXPECT_EQ(rows.parts.size(), 2U);
  EXPECT_EQ(rows.parts[0].checkpoint, "3");
  EXPECT_EQ(rows.parts[0].remember.size(), 3U);
  rows.record();
  rows.note(5);
  rows.finish();
  ASSERT_EQ(rows.parts.size(), 3U);
  EXPECT_EQ(rows.parts[1].checkpoint, "6");
  EXPECT_EQ(rows.parts[2].checkpoint, "13");
  EXPECT_EQ(rows.parts[2].pages.size(), 1U);
}

TEST(PageBuilder, AnOpenPageDoesNotHoldNotedRowsForEver) {
  auto small = style(10);
  small.part_known_rows = 3;
  Rows rows(small);
  rows.record();
  rows.note(200);
  EXPECT_GT(rows.parts.size(), 2U);  // the memory of a poll is bounded, the table is not
  rows.record();
  rows.finish();
  EXPECT_EQ(rows.pages().size(), 2U);
  int noted = 0;
  for (const auto& part : rows.parts) noted += static_cast<int>(part.remember.size());
  EXPECT_EQ(noted, 200);
  auto first = style(10, true);
  first.part_known_rows = 3;
  Rows initial(first);
  initial.record();
  initial.note(200);
  initial.finish();
  EXPECT_EQ(initial.types(), Types({"INITIAL-COMPLETE"}));
}

TEST(PageBuilder, PartsNotTakenBecomeOne) {
  auto small = style(1);
  small.part_bytes = 1;
  small.webhook_json = "{}";
  small.random_id = [] { return std::string("r"); };
  PageBuilder builder(small, RecordWriter({"id"}, {0}));
  const Value value{.kind = Kind::integer, .text = "1"};
  for (int i = 0; i < 4; ++i) builder.record(Row(&value, 1), [i] { return std::to_string(i); });
  builder.forget("k");
  const auto part = builder.finish("end");
  EXPECT_EQ(part.checkpoint, "end");
  EXPECT_EQ(part.pages.size(), 4U);
  EXPECT_EQ(part.forget, std::vector<std::string>{"k"});
  EXPECT_FALSE(builder.take_part());
  EXPECT_EQ(builder.records(), 4);
  EXPECT_EQ(builder.pages(), 4);
  EXPECT_EQ(builder.next_sequence(), 11U);
}

std::string hmac_hex(const std::string& key, const std::string& text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), bytes, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}

TEST(Envelope, IsExactlyWhatTheSpecificationSays) {
  EXPECT_EQ(envelope(PageType::virtual_, R"({"id":"w"})", R"([{"id":1}])", 42, Secret(), "n"),
            R"({"type":"VIRTUAL","webhook":{"id":"w"},"data":[{"id":1}],"sequence":42})");
  const std::string key = "0123456789abcdef01234567";
  const std::string data = R"([{"id":1},{"id":2}])";
  EXPECT_EQ(
      envelope(PageType::initial_partial, "{}", data, 1, Secret(key), "abc"),
      R"({"type":"INITIAL-PARTIAL","webhook":{},"data":[{"id":1},{"id":2}],"sequence":1,"nonce":"abc","sig256":")" +
          hmac_hex(key, data + "abc") + "\"}");
}

TEST(Envelope, EveryPageHasItsOwnIdAndNonce) {
  auto signed_style = style(1);
  signed_style.secret = Secret("0123456789abcdef01234567");
  Rows rows(signed_style);
  rows.record(2);
  rows.finish();
  const auto pages = rows.pages();
  EXPECT_EQ(pages[0].id, "msg_r1");
  EXPECT_EQ(pages[1].id, "msg_r3");
  for (const auto& page : pages) {
    const auto body = nlohmann::json::parse(page.body);
    const auto from = page.body.find(R"("data":)") + 7;
    const auto data = page.body.substr(from, page.body.find(R"(,"sequence")") - from);
    EXPECT_EQ(body.at("sig256"), hmac_hex("0123456789abcdef01234567", data + body.at("nonce").get<std::string>()));
  }
}

}  // namespace
}  // namespace vhookd
