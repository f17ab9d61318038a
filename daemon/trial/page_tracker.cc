#include "daemon/trial/page_tracker.h"

#include "core/crypto.h"

namespace vhookd {

namespace {
// Limits the memory of a receiver that runs for weeks. A retry arrives within days; this is one day at ten pages per
// second.
constexpr std::size_t most_ids = 1'000'000;
}  // namespace

bool PageTracker::seen_before(Received& page) {
  std::string digest = hmac_sha256("body", page.body);
  const auto [known, fresh] = digests_.try_emplace(page.message_id, std::move(digest));
  if (fresh) {
    oldest_.push_back(page.message_id);
    if (oldest_.size() > most_ids) {
      digests_.erase(oldest_.front());
      oldest_.pop_front();
    }
    return false;
  }
  if (known->second == hmac_sha256("body", page.body)) {
    page.order = Order::duplicate;
  } else {
    page.status = 400;
    page.problem = "this webhook-id arrived before with another body";
  }
  return true;
}

void PageTracker::take(Received& page) {
  page.status = 200;
  const auto last = last_sequence_.find(page.webhook_id);
  if (last != last_sequence_.end()) page.expected = last->second + 1;
  if (seen_before(page)) return;
  if (last == last_sequence_.end()) {
    page.order = Order::first;
    last_sequence_.emplace(page.webhook_id, page.sequence);
    return;
  }
  page.order = page.sequence == page.expected  ? Order::next
               : page.sequence > page.expected ? Order::gap
                                               : Order::behind;
  if (page.sequence > last->second) last->second = page.sequence;
}

void PageTracker::count(const Received& page) {
  if (page.status == 400) ++counts_.malformed;
  if (page.status == 401) ++counts_.unverified;
  if (page.status == 500) ++counts_.on_purpose;
  if (!page.taken()) return;
  if (page.duplicate()) {
    ++counts_.duplicates;
    return;
  }
  ++counts_.pages;
  counts_.records += page.records;
  counts_.webhooks = static_cast<std::int64_t>(last_sequence_.size());
  if (page.order == Order::gap) ++counts_.gaps;
  if (page.order == Order::behind) ++counts_.behind;
}

}  // namespace vhookd
