#include "delivery/split.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/crypto.h"
#include "core/page_body.h"

namespace vhookd {
namespace {

using nlohmann::json;

const std::string webhook = R"({"id":"w","filters":{"a":",\"data\":[{}]}"},"fields":"a"})";

Page page_of(const std::vector<std::string>& records, PageType type = PageType::virtual_, const Secret& secret = {}) {
  std::string data = "[";
  for (const auto& record : records) data += (data.size() > 1 ? "," : "") + record;
  data += "]";
  return {.id = "msg_old",
          .sequence = 41,
          .type = type,
          .records = static_cast<int>(records.size()),
          .body = envelope(type, webhook, data, 41, secret, "00ff")};
}

std::function<std::string()> ids() {
  return [next = 0]() mutable { return "id" + std::to_string(next++); };
}

TEST(Split, HalvesTheRecordsByteForByte) {
  const std::vector<std::string> records = {R"({"a":"x]}\",{[","b":{"c":[1,{"d":2}]}})", R"({"a":"\\"})",
                                            R"({"a":1.50,"sequence":7})", R"({})", R"({"a":"ü","b":[]})"};
  const auto halves = halve(page_of(records), Secret(), ids());
  ASSERT_TRUE(halves);
  EXPECT_EQ(halves->first.body,
            envelope(PageType::virtual_, webhook, "[" + records[0] + "," + records[1] + "]", 41, Secret(), ""));
  EXPECT_EQ(halves->second.body,
            envelope(PageType::virtual_, webhook, "[" + records[2] + "," + records[3] + "," + records[4] + "]", 42,
                     Secret(), ""));
  EXPECT_EQ(halves->first.records, 2);
  EXPECT_EQ(halves->second.records, 3);
  EXPECT_EQ(halves->first.sequence, 41U);
  EXPECT_EQ(halves->second.sequence, 42U);
  EXPECT_NE(halves->first.id, halves->second.id);
  EXPECT_TRUE(halves->first.id.starts_with("msg_id"));
}

TEST(Split, ComesDownToSingleRecords) {
  std::vector<std::string> records;
  for (int i = 0; i < 13; ++i) records.push_back("{\"i\":" + std::to_string(i) + "}");
  std::vector<Page> pages = {page_of(records)};
  const auto random_id = ids();
  for (std::size_t i = 0; i < pages.size();) {
    auto halves = halve(pages[i], Secret(), random_id);
    if (!halves) {
      EXPECT_EQ(pages[i].records, 1);
      ++i;
      continue;
    }
    pages[i] = halves->first;
    pages.insert(pages.begin() + static_cast<std::ptrdiff_t>(i) + 1, halves->second);
  }
  ASSERT_EQ(pages.size(), 13U);
  for (std::size_t i = 0; i < pages.size(); ++i)
    EXPECT_EQ(json::parse(pages[i].body)["data"].dump(), "[" + records[i] + "]");
}

TEST(Split, SignsAnew) {
  const Secret secret("0123456789abcdef0123456789abcdef");
  const auto halves = halve(page_of({R"({"a":1})", R"({"a":2})"}, PageType::virtual_, secret), secret, ids());
  ASSERT_TRUE(halves);
  const auto body = json::parse(halves->second.body);
  EXPECT_EQ(body["sig256"], hex_lower(hmac_sha256(secret.reveal(), R"([{"a":2}])", body["nonce"].get<std::string>())));
  EXPECT_NE(body["nonce"], json::parse(halves->first.body)["nonce"]);
}

TEST(Split, OnlyTheLastPartOfAFirstSyncSaysSo) {
  const auto last = halve(page_of({"{}", "{}"}, PageType::initial_complete), Secret(), ids());
  EXPECT_EQ(last->first.type, PageType::initial_partial);
  EXPECT_EQ(last->second.type, PageType::initial_complete);
  EXPECT_EQ(json::parse(last->first.body)["type"], "INITIAL-PARTIAL");
  const auto partial = halve(page_of({"{}", "{}"}, PageType::initial_partial), Secret(), ids());
  EXPECT_EQ(partial->second.type, PageType::initial_partial);
}

TEST(Split, WhatCannotBeSplitIsNot) {
  EXPECT_FALSE(halve(page_of({"{}"}), Secret(), ids()));
  for (const std::string body : {"", "{}", R"({"type":"VIRTUAL","webhook":{)", R"({"webhook":{},"data":[{},{})",
                                 R"({"type":"VIRTUAL","webhook":{},"data":[{},{}]})"}) {
    Page page = page_of({"{}", "{}"});
    page.body = body;
    EXPECT_FALSE(halve(page, Secret(), ids())) << body;
  }
}

}  // namespace
}  // namespace vhookd
