// GET /metrics of many webhooks: made piece by piece, and the same text however it is cut.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "daemon/engine/metrics.h"

namespace vhookd {
namespace {

Measurements of_many(int webhooks) {
  Measurements measured{.webhooks = {}, .counters = {}, .process = {}};
  for (int i = 0; i < webhooks; ++i) {
    config::Webhook webhook;
    webhook.id = "w" + std::to_string(i);
    measured.webhooks.push_back({.webhook = std::make_shared<const config::Webhook>(webhook),
                                 .strategy = "xid",
                                 .queued_pages = i,
                                 .counted = {.polls_ok = 7}});
  }
  return measured;
}

TEST(Metrics, APieceIsNoLargerForMoreWebhooks) {
  constexpr std::size_t piece_bytes = 10'000;
  const auto pieces = metrics_pieces(of_many(2000), piece_bytes);
  std::size_t count = 0;
  std::size_t largest = 0;
  for (std::string piece = pieces(); !piece.empty(); piece = pieces()) {
    ++count;
    largest = std::max(largest, piece.size());
  }
  EXPECT_GT(count, 20U);
  EXPECT_LT(largest, 20 * piece_bytes);
  EXPECT_EQ(pieces(), "") << "it has ended";
}

TEST(Metrics, HoweverItIsCutTheTextIsTheSame) {
  const auto joined = [](const Pieces& pieces) {
    std::string text;
    for (std::string piece = pieces(); !piece.empty(); piece = pieces()) text += piece;
    return text;
  };
  const std::string text = joined(metrics_pieces(of_many(450), 1));
  EXPECT_EQ(text, joined(metrics_pieces(of_many(450), std::size_t{1} << 30)));
  // Each family is opened once, though its webhooks come in several parts, and each webhook stands in it once.
  std::multiset<std::string> opened;
  std::multiset<std::string> samples;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    const auto line = text.substr(at, text.find('\n', at) - at);
    if (line.starts_with("# TYPE ")) opened.insert(line.substr(0, line.rfind(' ')));
    if (line.starts_with("vhookd_webhook_queued_pages{")) samples.insert(line);
  }
  for (const auto& family : opened) EXPECT_EQ(opened.count(family), 1U) << family;
  EXPECT_TRUE(opened.contains("# TYPE vhookd_polls_total"));
  ASSERT_EQ(samples.size(), 450U);
  EXPECT_EQ(std::set(samples.begin(), samples.end()).size(), 450U);
  EXPECT_TRUE(samples.contains("vhookd_webhook_queued_pages{webhook=\"w449\"} 449"));
}

}  // namespace
}  // namespace vhookd
