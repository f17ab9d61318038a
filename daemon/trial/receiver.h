// A webhook receiver that follows the README's advice for receivers: it verifies signatures, detects duplicates, and
// checks the sequence. Used by `vhookd receive`, `vhookd demo`, `vhookd selftest` and the tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/secret.h"

namespace vhookd {

enum class Signature { unchecked, good, bad };  // unchecked: the receiver has no secrets

// The position of a page relative to the earlier pages of its webhook.
enum class Order {
  none,       // not accepted, so not classified
  first,      // the first page of this webhook, with any sequence number
  next,       // the expected sequence number
  gap,        // sequence numbers before it are missing
  behind,     // a lower sequence number with an unknown id: late, or the sender has restarted its sequence
  duplicate,  // a known webhook-id with the same body
};
std::string_view name_of(Signature signature);
std::string_view name_of(Order order);

// One POST and its answer.
struct Received {
  Instant at;
  std::string message_id;  // the webhook-id header
  std::string webhook_id;  // webhook.id of the body
  std::string type;
  std::uint64_t sequence = 0;
  std::int64_t records = 0;
  std::string body;
  std::string data;  // the bytes of the data array
  Signature signature = Signature::unchecked;
  Order order = Order::none;
  std::uint64_t expected = 0;  // the sequence number expected next; 0: any
  int status = 0;       // 200; 400: malformed, or a known id with another body; 401: not authentic; 500: on purpose
  std::string problem;  // the reason for another status than 200

  bool taken() const { return status == 200; }
  bool verified() const { return signature == Signature::good; }
  bool duplicate() const { return order == Order::duplicate; }
  bool gap() const { return order == Order::gap; }
};

struct ReceiverCounts {
  std::int64_t pages = 0;     // accepted, each counted once
  std::int64_t records = 0;   // records in these pages
  std::int64_t webhooks = 0;  // webhooks that sent pages
  std::int64_t duplicates = 0;
  std::int64_t gaps = 0;
  std::int64_t behind = 0;
  std::int64_t unverified = 0;  // answered 401
  std::int64_t malformed = 0;   // answered 400
  std::int64_t on_purpose = 0;  // answered 500
};

struct ReceiverOptions {
  int port = 0;  // on 127.0.0.1; 0: a free port
  // Decoded secrets; a page is valid if one secret or key verifies it. Without secrets and keys, nothing is verified.
  std::vector<Secret> secrets;
  std::vector<std::string>
      public_keys;       // ed25519, 32 bytes each; they cannot verify sig256, which requires a shared secret
  int fail_percent = 0;  // share of valid pages that are answered 500 and not accepted
  std::size_t keep =
      std::numeric_limits<std::size_t>::max();   // the most entries of the history; older ones are dropped
  std::function<void(const Received&)> on_page;  // called on the server's thread, also for rejected pages
};

class Receiver {
 public:
  // Starts listening before it returns, or returns an error message. `clock` must outlive the receiver.
  static std::expected<std::unique_ptr<Receiver>, std::string> open(const Clock& clock, ReceiverOptions options);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  int port() const;
  std::string url() const;  // http://127.0.0.1:PORT/

  // Thread-safe.
  ReceiverCounts counts() const;
  std::vector<Received> history() const;  // in order of arrival, including rejected pages
  // Returns true as soon as `pages` pages are accepted, not counting duplicates; false after `time`.
  bool wait_for(std::int64_t pages, std::chrono::milliseconds time) const;

 private:
  struct Server;
  explicit Receiver(std::unique_ptr<Server> server);
  std::unique_ptr<Server> server_;
};

}  // namespace vhookd
